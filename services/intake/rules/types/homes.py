"""Types of a home as a whole: withdrawal, hoarding, poverty, isolation, abuse, no doctor, many agencies."""

from __future__ import annotations

from services.intake.rules.facts import UNKNOWN_CODE, MemberFacts
from services.intake.rules.kleene import UNKNOWN, Truth, negate, some, truth
from services.intake.rules.reasons import Mark
from services.intake.rules.types.findings import NOTHING, Finding, all_of, any_of, best, condition
from services.intake.rules.types.people import Question, age_finding, alone_finding, idle_finding

_MONEY_WORRIES = frozenset({"income", "rent_loan", "tax_utilities", "debt"})
_ABUSE_WORRY = "violence"


def find_withdrawn(ask: Question) -> Finding:
    """THIKI: 15 or more, withdrawn for 6 months, no work or school, hardly anybody beyond the family.

    Shorter than 6 months is possible, not no: support must not wait.
    """
    told = bool({"withdrawal"} & (ask.household.worries | ask.household.concerns))
    return best(_withdrawn(ask, member, told=told) for member in ask.members)


def _withdrawn(ask: Question, member: MemberFacts, *, told: bool) -> Finding:
    months, least = member.withdrawn_months, ask.limits.withdrawn_months
    if months is UNKNOWN:
        how_long = condition(
            Truth.UNKNOWN, "withdrawn", member.id, unknown=Mark.NEAR if told else Mark.OPEN, least=least
        )
    else:
        short = 0 < months < least
        value = Truth.UNKNOWN if short else truth(months >= least)
        code = "withdrawn_short" if short else "withdrawn"
        how_long = condition(value, code, member.id, anchor=True, unknown=Mark.NEAR, months=months, least=least)
    return all_of(
        age_finding(ask, member, ask.limits.withdrawn_from_age),
        how_long,
        idle_finding(ask, member),
        condition(negate(member.talks_outside_family), "isolated", member.id),
    )


def find_hoarding(ask: Question) -> Finding:
    """TGOMI: 物品堆積 2 or 3, or a case of the ordinance (物品の蓄積等, 2017)."""
    home = ask.household
    told = "garbage" in home.concerns
    if home.hoarding is UNKNOWN:
        piled = condition(Truth.UNKNOWN, "hoarding", unknown=Mark.NEAR if told else Mark.OPEN)
    else:
        piled = condition(
            truth(home.hoarding >= ask.limits.hoarding_from), "hoarding", anchor=True, grade=home.hoarding
        )
    case = "garbage_ordinance" in home.concerns
    finding = any_of(piled, condition(Truth.YES, "hoarding_case", anchor=True)) if case else piled
    neglects = any(member.refuses_help is Truth.YES for member in ask.members)
    return finding.tagged("self_neglect") if neglects else finding


def find_poverty(ask: Question) -> Finding:
    """TPOOR: nothing to eat, two months of rent owed, supplies cut off, or two kinds of arrears told by the person."""
    home, limit = ask.household, ask.limits
    hungry = "no_food" in home.worries or "no_food" in home.notes
    cut_off = home.lifeline_stopped
    if cut_off is Truth.UNKNOWN and "lifeline" in home.notes:
        supplies = condition(cut_off, "lifeline", unknown=Mark.NEAR)
    else:
        supplies = condition(cut_off, "lifeline", anchor=True)
    signs = [supplies]
    if hungry:
        signs.append(condition(Truth.YES, "no_food", anchor=True))
    if home.rent_arrears_months is UNKNOWN:
        signs.append(condition(Truth.UNKNOWN, "rent_arrears", least=limit.rent_arrears_months))
    else:
        owed = truth(home.rent_arrears_months >= limit.rent_arrears_months)
        signs.append(condition(owed, "rent_arrears", anchor=True, months=home.rent_arrears_months))
    if home.told_arrears is not UNKNOWN:
        kinds = len(home.told_arrears)
        signs.append(condition(truth(kinds >= limit.arrears_kinds), "arrears", anchor=True, kinds=kinds))
    worry = min(_MONEY_WORRIES & home.worries, default="")
    if worry or "poverty" in home.concerns:
        signs.append(condition(Truth.UNKNOWN, "money_worry", unknown=Mark.NEAR, worry=worry or "income"))
    finding = any_of(*signs)
    return finding.tagged("no_food") if hungry else finding


def find_isolation(ask: Question) -> Finding:
    """TISO: lives alone, nobody who would call, no service, no reaction for more than 30 days."""
    return best(_isolated(ask, member) for member in ask.members)


def _isolated(ask: Question, member: MemberFacts) -> Finding:
    home, limit = ask.household, ask.limits.silent_days
    if home.last_reaction is UNKNOWN:
        silent = condition(Truth.UNKNOWN, "silent", least=limit)
    else:
        days = (ask.on - home.last_reaction).days
        silent = condition(truth(days > limit), "silent", anchor=True, days=days, least=limit)
    return all_of(
        alone_finding(ask, member),
        condition(negate(home.contact_person), "nobody_calls", anchor=True),
        condition(negate(home.uses_services), "no_services", anchor=True),
        silent,
    )


def find_abuse(ask: Question) -> Finding:
    """TABUSE: any flag of abuse or violence. A worry ticked or a word in the text alone is possible."""
    home, book = ask.household, ask.book
    flags = sorted(home.safety_flags & book.abuse_flags.keys())
    if flags:
        found = [condition(Truth.YES, "abuse_flag", anchor=True, flag=flag) for flag in flags]
        return all_of(*found, *_abuse_words(ask)).tagged(*(book.abuse_flags[flag] for flag in flags))
    signs = list(_abuse_words(ask))
    if _ABUSE_WORRY in home.worries:
        signs.append(condition(Truth.UNKNOWN, "abuse_worry", unknown=Mark.NEAR, worry=_ABUSE_WORRY))
    if _ABUSE_WORRY in home.concerns:
        signs.append(condition(Truth.UNKNOWN, "abuse_concern", unknown=Mark.NEAR, concern=_ABUSE_WORRY))
    if not signs:
        return condition(Truth.NO, "abuse")
    return any_of(*signs, condition(Truth.UNKNOWN, "abuse"))


def _abuse_words(ask: Question) -> tuple[Finding, ...]:
    codes = [word.code for word in ask.book.words if word.kind == "abuse" and word.code in ask.household.notes]
    if not codes:
        return ()
    flagged = bool(ask.household.safety_flags & ask.book.abuse_flags.keys())
    value = Truth.YES if flagged else Truth.UNKNOWN
    return tuple(condition(value, "abuse_word", unknown=Mark.NEAR, word=code) for code in codes)


def find_treatment_broken(ask: Question) -> Finding:
    """TTRUNC: an illness is suspected, no doctor sees it, and help is refused."""
    return best(
        all_of(
            _suspected(member),
            condition(negate(member.sees_doctor), "no_doctor", member.id),
            condition(member.refuses_help, "refuses_help", member.id),
        )
        for member in ask.members
    )


def _suspected(member: MemberFacts) -> Finding:
    hints = (
        member.illness_suspected,
        _suspected_in("suspected" in member.disability, said=bool(member.disability - {UNKNOWN_CODE})),
        _suspected_in(member.dementia_diagnosis == "suspected", said=member.dementia_diagnosis != UNKNOWN_CODE),
    )
    return condition(some(hints), "illness_suspected", member.id, anchor=True)


def _suspected_in(found: bool, *, said: bool) -> Truth:
    """Whether an answer says 疑い; where there is no answer, nobody knows."""
    return truth(found) if said else Truth.UNKNOWN


def find_many_agencies(ask: Question) -> Finding:
    """TMULTI, the たらい回し detector: many agencies, many groups of concern or several intakes, and nobody leads."""
    home, limit = ask.household, ask.limits
    groups = {ask.book.concern_group.get(concern, "other") for concern in home.concerns} - {"other"}
    counts = (
        ("agencies", len(home.agencies), limit.many_agencies),
        ("concern_groups", len(groups), limit.many_concern_groups),
        ("intake_agencies", len(home.intake_agencies_90_days), limit.many_intake_agencies),
    )
    many = any_of(*(condition(truth(n >= least), code, anchor=True, count=n, least=least) for code, n, least in counts))
    return all_of(many, condition(negate(home.lead_named), "no_lead"))


def find_by_signs(ask: Question, code: str, results: dict[str, Truth]) -> Finding:
    """A type that the ward has written as data (TYPE, ``when``): one sign of each group must be there."""
    groups = ask.book.other_types.get(code)
    if not groups:
        return NOTHING
    return all_of(*(_one_sign(ask, group, results) for group in groups))


def _one_sign(ask: Question, group: frozenset[str], results: dict[str, Truth]) -> Finding:
    return any_of(*(_sign(ask, sign, results) for sign in sorted(group)))


def _sign(ask: Question, sign: str, results: dict[str, Truth]) -> Finding:
    home = ask.household
    kind, _, code = sign.partition(":")
    if kind == "type":
        return condition(results.get(code, Truth.NO), "sign_type", anchor=True, unknown=Mark.NEAR, type=code)
    if kind == "word":
        value = Truth.UNKNOWN if code in home.notes else Truth.NO
        return condition(value, "sign_word", unknown=Mark.NEAR, word=code)
    if kind == "dwelling":
        return condition(truth(home.dwelling == code), "sign_dwelling", anchor=True, dwelling=code)
    return condition(truth(code in home.concerns), "sign_concern", anchor=True, concern=code)
