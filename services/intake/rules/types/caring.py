"""Types of care: dementia alone, young carers, double care, old for old, after the parents, brothers and sisters."""

from __future__ import annotations

from services.intake.rules.facts import OUTSIDE, MemberFacts, has_disability, lives_there
from services.intake.rules.kinship import siblings
from services.intake.rules.kleene import UNKNOWN, Truth, every, negate, some, truth
from services.intake.rules.reasons import Mark
from services.intake.rules.types.findings import Finding, all_of, any_of, best, condition
from services.intake.rules.types.people import (
    NEEDS_CARE,
    NEEDS_SUPPORT,
    Question,
    age_finding,
    alone_finding,
    cares_for,
    home_finding,
)


def find_dementia_alone(ask: Question) -> Finding:
    """TDEM1: the only person there, 65 or more, 診断あり or 自立度 IIa and worse; 疑い or I is possible."""
    return best(_dementia_alone(ask, member) for member in ask.members)


def _dementia_alone(ask: Question, member: MemberFacts) -> Finding:
    dementia, alone = dementia_finding(ask, member), alone_finding(ask, member)
    old = age_finding(ask, member, ask.limits.elder_from, anchor=True)
    whole = all_of(alone, old, dementia)
    if whole.truth is not Truth.NO or ask.dementia(member) is not Truth.YES or lives_there(member) is Truth.NO:
        return whole
    if old.truth is Truth.NO and alone.truth is not Truth.NO:
        early = condition(Truth.UNKNOWN, "early_onset", member.id, unknown=Mark.NEAR)
        return all_of(alone, dementia, early).tagged("early_onset")
    if old.truth is not Truth.NO and member.alone_by_day is Truth.YES:
        by_day = condition(Truth.UNKNOWN, "alone_by_day", member.id, unknown=Mark.NEAR)
        return all_of(by_day, old, dementia).tagged("alone_by_day")
    return whole


def dementia_finding(ask: Question, member: MemberFacts) -> Finding:
    """Dementia as diagnosed or assessed."""
    value = ask.dementia(member)
    suspected = member.dementia_diagnosis == "suspected" or ask.book.dementia_grade.get(member.dementia_level) == 1
    return condition(
        value, "dementia", member.id,
        anchor=True, unknown=Mark.NEAR if suspected else Mark.OPEN,
        diagnosis=member.dementia_diagnosis, level=member.dementia_level,
    )  # fmt: skip


def find_young_carer(ask: Question) -> Finding:
    """TYC: somebody below 18 (tag 若者 up to the 30s) cares for one who needs it, and the load shows."""
    return best(_young_carer(ask, member) for member in ask.members)


def _young_carer(ask: Question, member: MemberFacts) -> Finding:
    limit = ask.limits
    finding = all_of(
        age_finding(ask, member, 0, limit.youth_carer_below - 1),
        _gives_care(ask, member),
        any_of(
            _hours(ask, member),
            condition(member.school_missed, "school_missed", member.id),
            condition(member.carer_concern, "carer_concern", member.id, anchor=True),
        ),
    )
    grown = ask.aged(member, limit.young_carer_below, limit.youth_carer_below - 1) is Truth.YES
    return finding.tagged("youth_carer") if grown else finding


def _gives_care(ask: Question, member: MemberFacts) -> Finding:
    if member.cares_for is UNKNOWN:
        helpless = [o for o in ask.others(member) if _in_need(ask, o) and lives_there(o) is not Truth.NO]
        if helpless and _may_be_young(ask, member) and not _adult_carers(ask, member):
            return condition(Truth.UNKNOWN, "no_adult_carer", member.id, helpless[0].id, unknown=Mark.NEAR)
        return condition(Truth.UNKNOWN, "gives_care", member.id)
    needs = [
        Truth.YES if cared == OUTSIDE or (other := ask.household.member(cared)) is None else ask.needs_help(other)
        for cared in sorted(member.cares_for)
    ]
    return condition(some(needs), "gives_care", member.id, anchor=True)


def _may_be_young(ask: Question, member: MemberFacts) -> bool:
    """Surely young enough, or somebody's child whose age nobody has said: an old husband is no young carer."""
    young = ask.aged(member, 0, ask.limits.youth_carer_below - 1)
    is_child = any(ask.parent(other, member) is Truth.YES for other in ask.others(member))
    return young is Truth.YES or (young is Truth.UNKNOWN and is_child)


def _in_need(ask: Question, member: MemberFacts) -> bool:
    """A grown-up who surely needs help."""
    needs = some((ask.need(member, NEEDS_SUPPORT), ask.dementia(member), has_disability(member)))
    return needs is Truth.YES


def _adult_carers(ask: Question, member: MemberFacts) -> bool:
    """Whether an adult who needs no help himself lives there, or may."""
    return any(
        lives_there(other) is not Truth.NO
        and ask.aged(other, ask.limits.adult_from) is not Truth.NO
        and not _in_need(ask, other)
        for other in ask.others(member)
    )


def _hours(ask: Question, member: MemberFacts) -> Finding:
    hours, least = member.care_hours_weekday, ask.limits.carer_hours
    if hours is UNKNOWN:
        return condition(Truth.UNKNOWN, "care_hours", member.id, least=least)
    return condition(truth(hours >= least), "care_hours", member.id, hours=hours, least=least)


def find_double_care(ask: Question) -> Finding:
    """TDC: one adult cares for a child (below 12, or disabled) and for another member or a parent elsewhere."""
    return best(
        all_of(
            age_finding(ask, carer, ask.limits.adult_from),
            _raises(ask, carer, child),
            _second_care(ask, carer, child),
        )
        for carer, child in ask.pairs()
    )


def _raises(ask: Question, carer: MemberFacts, child: MemberFacts) -> Finding:
    raising = some((every((ask.parent(carer, child), lives_there(carer), lives_there(child))), cares_for(carer, child)))
    return condition(every((_is_raised(ask, child), raising)), "raises_child", carer.id, child.id)


def _is_raised(ask: Question, child: MemberFacts) -> Truth:
    """A child below 12, or a disabled one below 20."""
    small = ask.aged(child, 0, ask.limits.small_child_below - 1)
    return some((small, every((ask.aged(child, 0, ask.limits.child_below - 1), has_disability(child)))))


def _second_care(ask: Question, carer: MemberFacts, child: MemberFacts) -> Finding:
    if carer.cares_for is not UNKNOWN:
        cared = [ask.household.member(c) for c in sorted(carer.cares_for - {child.id})]
        needs = [Truth.YES if o is None else ask.needs_help(o) for o in cared]
        return condition(some(needs), "second_care", carer.id, anchor=True)
    if _is_raised(ask, child) is Truth.YES:
        for other in ask.others(carer, child):
            if _in_need(ask, other) and lives_there(other) is not Truth.NO:
                return condition(Truth.UNKNOWN, "second_care", carer.id, other.id, unknown=Mark.NEAR)
    return condition(Truth.UNKNOWN, "second_care", carer.id)


def find_old_for_old(ask: Question) -> Finding:
    """TRORO: carer and cared for are both 65 or more (要介護1+), and no younger adult lives there."""
    return best(_old_for_old(ask, carer, cared) for carer, cared in ask.pairs())


def _old_for_old(ask: Question, carer: MemberFacts, cared: MemberFacts) -> Finding:
    old = ask.limits.elder_from
    finding = all_of(
        _needs_care(ask, cared),
        age_finding(ask, cared, old),
        age_finding(ask, carer, old),
        home_finding(cared),
        home_finding(carer),
        condition(cares_for(carer, cared), "carer", carer.id, cared.id),
        *(_no_younger_adult(ask, other) for other in ask.others(carer, cared)),
    )
    both = ask.dementia(carer) is Truth.YES and ask.dementia(cared) is Truth.YES
    return finding.tagged("both_dementia") if both else finding


def _needs_care(ask: Question, cared: MemberFacts) -> Finding:
    applying = Mark.NEAR if cared.care_level == "applying" else Mark.OPEN
    need = ask.need(cared, NEEDS_CARE)
    return condition(need, "needs_care", cared.id, anchor=True, unknown=applying, care=cared.care_level)


def _no_younger_adult(ask: Question, other: MemberFacts) -> Finding:
    younger = every((lives_there(other), ask.aged(other, ask.limits.adult_from, ask.limits.elder_from - 1)))
    value = negate(younger)
    return Finding(value) if value is Truth.YES else condition(value, "younger_adult", other.id)


def find_after_parents(ask: Question) -> Finding:
    """TOYANAKI: a disabled or ill child of 40 or more whose only carer is a parent of 75 or more."""
    return best(
        all_of(
            _disabled(child),
            condition(ask.parent(parent, child), "parent", parent.id, child.id),
            age_finding(ask, child, ask.limits.orphan_child_from),
            age_finding(ask, parent, ask.limits.orphan_carer_from),
            home_finding(child),
            _sole_carer(ask, parent, child),
        )
        for parent, child in ask.pairs()
    )


def _disabled(child: MemberFacts) -> Finding:
    ill = Truth.NO if child.illness_suspected is Truth.NO else Truth.UNKNOWN
    hinted = bool(child.disability & {"suspected", "applying"}) or child.illness_suspected is Truth.YES
    value = some((has_disability(child), ill))
    return condition(value, "disabled", child.id, anchor=True, unknown=Mark.NEAR if hinted else Mark.OPEN)


def _sole_carer(ask: Question, parent: MemberFacts, child: MemberFacts) -> Finding:
    """The parent cares and no other adult there does."""
    helped = some(
        every((lives_there(other), ask.aged(other, ask.limits.adult_from), cares_for(other, child)))
        for other in ask.others(parent, child)
    )
    return condition(every((cares_for(parent, child), negate(helped))), "sole_carer", parent.id, child.id)


def find_sibling_care(ask: Question) -> Finding:
    """TSIBCARE: a grown brother or sister cares for another."""
    return best(
        all_of(
            condition(cares_for(carer, cared), "carer", carer.id, cared.id, anchor=True),
            condition(siblings(carer, cared, ask.household, ask.book), "siblings", carer.id, cared.id),
            age_finding(ask, carer, ask.limits.adult_from),
            condition(ask.needs_help(cared), "needs_help", cared.id),
        )
        for carer, cared in ask.pairs()
    )
