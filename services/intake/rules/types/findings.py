"""How conditions become a result: truth with reasons, joined by three-valued and/or."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.intake.rules.kleene import Truth, every, rank, some
from services.intake.rules.reasons import Mark, Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition's truth, why, and whether something *points to* the type (``anchored``).

    Unknown everywhere is not ``possible``: otherwise every household would possibly be of every type. At least one
    anchor, a sign particular to the type, must be there.
    """

    truth: Truth
    reasons: tuple[Reason, ...] = ()
    anchored: bool = False
    tags: frozenset[str] = frozenset()

    def tagged(self, *tags: str) -> Finding:
        """With these tags, unless the answer is no."""
        return self if self.truth is Truth.NO else replace(self, tags=self.tags | set(tags))

    @property
    def weight(self) -> tuple[int, int, int, int]:
        """What makes one finding better than another: truth, anchor, reasons for, few questions."""
        signs = sum(r.mark in {Mark.FOR, Mark.NEAR} for r in self.reasons)
        return rank(self.truth), int(self.anchored), signs, -len(self.reasons)


NOTHING = Finding(Truth.NO)


def condition(
    value: Truth,
    code: str,
    *members: str,
    anchor: bool = False,
    unknown: Mark = Mark.OPEN,
    **values: str | float,
) -> Finding:
    """A condition whose reason is ``code`` with ``_yes``, ``_no`` or ``_unknown``: one sentence for each answer.

    ``anchor``: a yes points to the type. ``unknown``: ``NEAR`` when the answer is known but lies between (要支援,
    疑い): that points to the type as well.
    """
    if value is Truth.UNKNOWN:
        tail = "unknown" if unknown is Mark.OPEN else "near"
        return Finding(value, (Reason(unknown, f"{code}_{tail}", members, values),), anchored=unknown is Mark.NEAR)
    mark = Mark.FOR if value is Truth.YES else Mark.AGAINST
    reason = Reason(mark, f"{code}_{value.value}", members, values)
    return Finding(value, (reason,), anchored=anchor and value is Truth.YES)


def all_of(*findings: Finding) -> Finding:
    """∧. A no keeps the reasons against alone."""
    value = every(f.truth for f in findings)
    if value is Truth.NO:
        return Finding(value, _merge(f for f in findings if f.truth is Truth.NO))
    tags = frozenset().union(*(f.tags for f in findings))
    return Finding(value, _merge(findings), any(f.anchored for f in findings), tags)


def any_of(*findings: Finding) -> Finding:
    """∨. A yes keeps the reasons for; unknown keeps what is open or near."""
    value = some(f.truth for f in findings)
    chosen = [f for f in findings if f.truth is value]
    tags = frozenset().union(*(f.tags for f in chosen))
    return Finding(value, _merge(chosen), any(f.anchored for f in chosen), tags)


def best(findings: Iterable[Finding]) -> Finding:
    """∃: the finding that says most; ``NOTHING`` when there is none."""
    return max(findings, key=lambda f: f.weight, default=NOTHING)


def _merge(findings: Iterable[Finding]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for finding in findings for reason in finding.reasons))
