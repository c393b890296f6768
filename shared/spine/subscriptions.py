"""What a service listens to: handlers by event type, and what each of them gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload
from uuid import UUID, uuid5

from shared.events import Envelope, Event

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

E = TypeVar("E", bound=Event)


class NotYet(Exception):  # noqa: N818 - not an error: a fact of another source has not come yet
    """Raised by a handler: the event waits, its household's later events behind it, and is tried again by itself."""


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """A fact that was heard, with the envelope it came in."""

    event: E
    envelope: Envelope

    @property
    def source(self) -> str:
        """The service that stated it."""
        return self.envelope.service

    @property
    def id(self) -> UUID:
        """The event's id: the root of :func:`derived_id`."""
        return self.envelope.id

    @property
    def position(self) -> int:
        """Its place in the source's log; a projection may keep it and refuse to go back."""
        return self.envelope.position


One = Callable[["AsyncSession", Received[E]], Awaitable[None]]
Many = Callable[["AsyncSession", Sequence[Received[E]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """One function that hears one type. ``batch``: it takes a run of events of its type at once."""

    call: Callable[[AsyncSession, Any], Awaitable[None]]
    acts: bool
    batch: bool


class Subscriptions:
    """The whole list of what one service hears; it fills as ``handlers.py`` is imported.

    A *projecting* handler writes tables that can be made again from the logs: it neither records nor looks at the
    clock. An *acting* handler may record; what it makes gets ids by :func:`derived_id`, so that doing it again makes
    the same.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: dict[str, list[Handler]] = {}
        self.contracts: dict[str, type[Event]] = {}
        self._retired: set[str] = set()

    @overload
    def on(
        self, event: type[E], *, projects: bool = False, acts: bool = False, batch: Literal[False] = False
    ) -> Callable[[One[E]], One[E]]: ...

    @overload
    def on(
        self, event: type[E], *, projects: bool = False, acts: bool = False, batch: Literal[True]
    ) -> Callable[[Many[E]], Many[E]]: ...

    def on(
        self, event: type[Event], *, projects: bool = False, acts: bool = False, batch: bool = False
    ) -> Callable[[Any], Any]:
        """Decorate a handler of ``event``; say whether it projects or acts.

        With ``batch`` it gets a list of events of this type in the order of the log. Other types about other subjects
        may have stood between them; the order of each subject is kept. Several handlers of one type are called in the
        order of their registration.
        """
        if projects == acts:
            msg = f"a handler of {event.type} either projects or acts"
            raise TypeError(msg)
        if event.type.partition(".")[0] == self.service:
            msg = f"{self.service} does not hear itself: {event.type}"
            raise TypeError(msg)

        def register(call: Any) -> Any:
            self.contracts[event.type] = event
            self.handlers.setdefault(event.type, []).append(Handler(call, acts=acts, batch=batch))
            return call

        return register

    def retire(self, *types: str) -> None:
        """Types that this service has followed and deliberately no longer hears: it need not stand by for them."""
        self._retired.update(types)

    def projecting(self) -> Subscriptions:
        """The same list with its projecting handlers alone: what makes the projections again."""
        only = Subscriptions(self.service)
        for type_, handlers in self.handlers.items():
            kept = [handler for handler in handlers if not handler.acts]
            if kept:
                only.handlers[type_], only.contracts[type_] = kept, self.contracts[type_]
        return only

    def types_of(self, source: str) -> frozenset[str]:
        """The types heard from one source."""
        return frozenset(name for name in self.handlers if name.partition(".")[0] == source)

    def known_of(self, source: str) -> frozenset[str]:
        """The types heard, and those deliberately no longer heard."""
        return self.types_of(source) | {name for name in self._retired if name.partition(".")[0] == source}

    @property
    def sources(self) -> tuple[str, ...]:
        """The services that are followed."""
        return tuple(sorted({name.partition(".")[0] for name in self.handlers}))

    def acting(self, type_: str) -> bool:
        """Whether anything acts on this type."""
        return any(handler.acts for handler in self.handlers.get(type_, ()))

    def batching(self, type_: str) -> bool:
        """Whether anything takes many of this type at once."""
        return any(handler.batch for handler in self.handlers.get(type_, ()))


def derived_id(event_id: UUID, *names: object) -> UUID:
    """The id of something made because of an event: the same each time (UUID version 5 of RFC 9562)."""
    return uuid5(event_id, "/".join(str(name) for name in names))
