from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.events import Envelope
from shared.spine import Names, derived_id, wire
from shared.spine.failures import failure_of, passes

SOURCE = "/990001/intake"


def envelope(position: int = 7) -> Envelope:
    moment = datetime(2026, 6, 18, 1, 2, 3, 456789, tzinfo=UTC)
    return Envelope(
        id=uuid4(),
        type="intake.household_changed",
        source=SOURCE,
        subjects=("a", "b"),
        position=position,
        previous=uuid4(),
        epoch="e",
        version=1,
        occurred_at=moment,
        recorded_at=moment,
        data={"number": "H-1", "area": None},
        actor="post",
        traceparent=None,
    )


def test_names() -> None:
    names = Names("990001")
    assert names.stream("intake") == "kasane:{990001}:intake"
    assert names.source("intake") == SOURCE
    assert names.set_aside("intake", "x").startswith(names.stream("intake"))


def test_an_entry_is_read_as_it_was_written() -> None:
    event = envelope()
    fields = {b"id": str(event.id).encode(), b"e": wire.encode(event)}
    assert wire.decode(b"7-0", fields, SOURCE) == event
    assert wire.decode(b"8-0", fields, SOURCE) is None
    assert wire.decode(b"7-0", fields, "/990001/casework") is None
    assert wire.decode(b"7-0", fields | {b"id": str(uuid4()).encode()}, SOURCE) is None


@given(st.binary(max_size=30), st.dictionaries(st.binary(max_size=4), st.binary(max_size=60), max_size=4))
def test_garbage_is_never_an_error(raw_id: bytes, fields: dict[bytes, bytes]) -> None:
    assert wire.decode(raw_id, fields, SOURCE) is None


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_json_of_another_shape_is_never_an_error(value: object) -> None:
    from pydantic_core import to_json  # noqa: PLC0415 - only here

    for body in (value, {"id": value}, {**envelope().to_cloudevent(), "data": value, "subjects": value}):
        fields = {b"id": str(uuid4()).encode(), b"e": to_json(body)}
        assert wire.decode(b"7-0", fields, SOURCE) is None


@given(st.integers(min_value=-5, max_value=10**20))
def test_only_positions_are_positions(number: int) -> None:
    found = wire.position_of(f"{number}-0".encode())
    assert found == (number if 0 < number < 10**18 else None)
    assert wire.position_of(f"{number}-1".encode()) is None


def test_a_derived_id_is_the_same_each_time() -> None:
    root = UUID(int=1)
    assert derived_id(root, "case") == derived_id(root, "case")
    assert derived_id(root, "case") != derived_id(root, "task")
    assert derived_id(root, "a", 1) != derived_id(root, "a", 2)
    assert derived_id(root, "case").version == 5


class FakeDriverError(Exception):
    def __init__(self, sqlstate: str | None, constraint_name: str | None = None) -> None:
        super().__init__("Key (name)=(山田) already exists")
        self.sqlstate = sqlstate
        self.constraint_name = constraint_name


def dbapi(sqlstate: str | None, *, invalidated: bool = False) -> DBAPIError:
    return DBAPIError("SELECT", {}, FakeDriverError(sqlstate), connection_invalidated=invalidated)


def test_what_passes_by_itself() -> None:
    for state in ("08006", "40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "58030", "25P03"):
        assert passes(dbapi(state)), state
    for state in ("23505", "22001", "42P01", "55000", "25P02", "P0001"):
        assert not passes(dbapi(state)), state
    assert passes(dbapi(None, invalidated=True))
    assert not passes(dbapi(None))
    assert passes(ConnectionResetError())
    assert passes(TimeoutError())
    assert passes(PoolTimeoutError())
    assert not passes(ValueError())


def test_an_error_is_kept_without_its_words() -> None:
    error = IntegrityError("INSERT", {}, FakeDriverError("23505"))
    error.orig.__cause__ = FakeDriverError("23505", "uq_name")  # type: ignore[union-attr] # as the dialect chains it
    kept = failure_of(error)
    assert (kept.error_class, kept.sqlstate, kept.constraint) == ("FakeDriverError", "23505", "uq_name")
    assert "山田" not in repr(kept)
    assert failure_of(ValueError("山田")).error_class == "ValueError"
