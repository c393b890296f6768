"""Types of parents and children: 8050 in its forms, single parents."""

from __future__ import annotations

from services.intake.rules.birth import OLDEST_AGE, age_range
from services.intake.rules.facts import MemberFacts, lives_there
from services.intake.rules.kinship import grandparent_of
from services.intake.rules.kleene import Truth, every, negate, some, truth
from services.intake.rules.reasons import Mark
from services.intake.rules.types.findings import Finding, all_of, any_of, best, condition
from services.intake.rules.types.people import (
    Question,
    age_finding,
    home_finding,
    idle_finding,
    parent_finding,
)

_AWAY = frozenset({"hospital", "facility"})


def find_8050(ask: Question) -> Finding:
    """T8050: parent 80-89 and child 50-59 in one home, the child not working (the plan's words, taken literally)."""
    limit = ask.limits
    return best(
        _not_working_child(
            ask, parent, child,
            (limit.strict_parent_from, limit.strict_parent_to), (limit.strict_child_from, limit.strict_child_to),
        )
        for parent, child in ask.pairs()
    )  # fmt: skip


def find_8050_broad(ask: Question) -> Finding:
    """T8050W: parent 70 or more, child 40 or more, with the sub-tags 7040, 8050 and 9060."""
    parent_ages = (ask.limits.broad_parent_from, OLDEST_AGE)
    child_ages = (ask.limits.broad_child_from, OLDEST_AGE)
    return best(
        _not_working_child(ask, parent, child, parent_ages, child_ages).tagged(*_generation_tag(ask, parent, child))
        for parent, child in ask.pairs()
    )


def _not_working_child(
    ask: Question,
    parent: MemberFacts,
    child: MemberFacts,
    parent_ages: tuple[int, int],
    child_ages: tuple[int, int],
) -> Finding:
    return all_of(
        parent_finding(ask, parent, child),
        age_finding(ask, parent, *parent_ages),
        age_finding(ask, child, *child_ages),
        home_finding(parent),
        home_finding(child),
        idle_finding(ask, child),
    )


def _generation_tag(ask: Question, parent: MemberFacts, child: MemberFacts) -> tuple[str, ...]:
    """7040, 8050 or 9060 when both ages say so."""
    low, high = age_range(parent.birth, ask.on)
    if not child.birth.known or low // 10 != high // 10:
        return ()
    if low >= ask.limits.ninety_parent_from:
        return ("9060",)
    return ("8050",) if low >= ask.limits.strict_parent_from else ("7040",)


def find_9060(ask: Question) -> Finding:
    """T9060: parent 90 or more, child 60 or more who does not work and is isolated or has no pension of their own."""
    return best(
        all_of(
            parent_finding(ask, parent, child),
            age_finding(ask, parent, ask.limits.ninety_parent_from),
            age_finding(ask, child, ask.limits.ninety_child_from),
            home_finding(parent),
            home_finding(child),
            _no_job(ask, child),
            any_of(
                condition(negate(child.talks_outside_family), "isolated", child.id),
                condition(negate(child.own_pension), "no_pension", child.id),
            ),
        )
        for parent, child in ask.pairs()
    )


def _no_job(ask: Question, child: MemberFacts) -> Finding:
    """At this age a pensioner is not at work either."""
    if ask.book.not_working.get(child.work) == "retired":
        return condition(Truth.YES, "idle", child.id, work=child.work)
    return idle_finding(ask, child)


def find_8050_after(ask: Question) -> Finding:
    """T8050A: the parent of T8050W died or is in hospital or a facility, and the child remains without a parent."""
    return best(
        _left_behind(ask, parent, child)
        for parent in ask.household.members
        for child in ask.others(parent)
    )  # fmt: skip


def _left_behind(ask: Question, parent: MemberFacts, child: MemberFacts) -> Finding:
    gone, tag = _gone(parent)
    no_other = negate(
        some(every((ask.parent(other, child), lives_there(other))) for other in ask.others(parent, child))
    )
    finding = all_of(
        condition(gone, "parent_gone", parent.id, anchor=True),
        condition(ask.parent(parent, child), "parent", parent.id, child.id),
        age_finding(ask, parent, ask.limits.broad_parent_from),
        age_finding(ask, child, ask.limits.broad_child_from),
        home_finding(child),
        idle_finding(ask, child),
        condition(no_other, "no_other_parent", child.id),
    )
    return finding.tagged(tag) if tag else finding


def _gone(parent: MemberFacts) -> tuple[Truth, str]:
    if parent.left == "died":
        return Truth.YES, "parent_died"
    if parent.left in _AWAY or (parent.left == "none" and parent.coresident == "hospital_or_facility"):
        return Truth.YES, "parent_away"
    unknown = parent.left == "unknown" or (parent.left == "none" and parent.coresident == "unknown")
    return Truth.UNKNOWN if unknown else Truth.NO, ""


def find_single_parent(ask: Question) -> Finding:
    """TSP20: one adult in a parent's role, no partner there, an own unmarried child below 20 there."""
    own = best(_raises_alone(ask, parent, child) for parent, child in ask.pairs())
    if own.truth is Truth.YES:
        return own
    return best((own, *(_raised_by_grandparent(ask, elder, child) for elder, child in ask.pairs())))


def _raises_alone(ask: Question, parent: MemberFacts, child: MemberFacts) -> Finding:
    finding = all_of(
        parent_finding(ask, parent, child),
        age_finding(ask, child, 0, ask.limits.child_below - 1),
        _unmarried(ask, child),
        home_finding(parent),
        home_finding(child),
        _no_second_parent(ask, parent, child),
        *_marriage_doubt(ask, parent),
    )
    kin = any(lives_there(other) is Truth.YES and grandparent_of(other, child, ask.household, ask.book)
              for other in ask.others(parent, child))  # fmt: skip
    return finding.tagged("with_kin") if kin else finding


def _unmarried(ask: Question, child: MemberFacts) -> Finding:
    if ask.aged(child, 0, ask.limits.may_marry_from - 1) is Truth.YES:
        return Finding(Truth.YES)
    value = {"never_married": Truth.YES, "unknown": Truth.UNKNOWN}.get(child.marital, Truth.NO)
    return condition(value, "unmarried", child.id)


def _no_second_parent(ask: Question, parent: MemberFacts, child: MemberFacts) -> Finding:
    """Nobody else there is the child's other parent or the parent's partner."""
    found = []
    for other in ask.others(parent, child):
        value = negate(_second_parent(ask, parent, child, other))
        if value is not Truth.YES:
            found.append(condition(value, "second_parent", other.id, child.id))
    return all_of(*found) if found else condition(Truth.YES, "second_parent", parent.id, child.id)


def _second_parent(ask: Question, parent: MemberFacts, child: MemberFacts, other: MemberFacts) -> Truth:
    if Truth.YES in (ask.parent(parent, other), ask.parent(other, parent)):
        return Truth.NO
    if ask.aged(other, 0, ask.limits.adult_from - 1) is Truth.YES:
        return Truth.NO
    return every((lives_there(other), some((ask.parent(other, child), ask.couple(parent, other)))))


def _marriage_doubt(ask: Question, parent: MemberFacts) -> tuple[Finding, ...]:
    """Separated, divorcing, or married to somebody who is not listed: perhaps a single parent in fact."""
    doubtful = parent.marital in {"separated", "divorcing"} or (
        parent.marital == "married" and not any(ask.couple(parent, o) is Truth.YES for o in ask.others(parent))
    )
    if not doubtful:
        return ()
    return (condition(Truth.UNKNOWN, "marriage", parent.id, unknown=Mark.NEAR, marital=parent.marital),)


def _raised_by_grandparent(ask: Question, elder: MemberFacts, child: MemberFacts) -> Finding:
    """A grandparent alone with the child: not the wording of the law, but to be asked about."""
    parents = some(every((ask.parent(other, child), lives_there(other))) for other in ask.others(elder, child))
    value = truth(grandparent_of(elder, child, ask.household, ask.book) and parents is Truth.NO)
    raises = Truth.UNKNOWN if value is Truth.YES else Truth.NO
    return all_of(
        condition(raises, "grandparent_raises", elder.id, child.id, unknown=Mark.NEAR),
        age_finding(ask, child, 0, ask.limits.child_below - 1),
        home_finding(elder),
        home_finding(child),
    ).tagged("grandparent")
