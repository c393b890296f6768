"""The households of the made-up ward: about three hundred in care, or the whole ward as a stream. Pure.

The ward's plan (中野区 2023-01) estimates 1,500 households of 8050, 4,000 of dementia alone and 1,100 of single parents
among some 200,000 households with 340,000 people: both sets keep these proportions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from services.ward import children, elders, needs
from services.ward.family import Drawing, Household
from services.ward.places import AREAS

ESTIMATES: Mapping[str, int] = {"T8050": 1_500, "TDEM1": 4_000, "TSP20": 1_100}
"""Households of the three counted types in a ward of :data:`WARD_HOUSEHOLDS`."""
WARD_HOUSEHOLDS, WARD_PEOPLE = 200_000, 340_000
IN_CARE = 300
SEED = 8050
"""The ward that everybody gets."""
_COUNTED_IN_CARE = 240
_YEAR = 365

RECIPES: Mapping[str, Callable[[Drawing], dict[str, Any]]] = {
    "T8050": elders.draw_t8050,
    "T8050W": elders.draw_t8050w,
    "T9060": elders.draw_t9060,
    "T8050A": elders.draw_t8050a,
    "TDEM1": elders.draw_tdem1,
    "TSP20": children.draw_tsp20,
    "TYC": children.draw_tyc,
    "TDC": children.draw_tdc,
    "TRORO": elders.draw_troro,
    "THIKI": needs.draw_thiki,
    "TGOMI": needs.draw_tgomi,
    "TOYANAKI": elders.draw_toyanaki,
    "TPOOR": needs.draw_tpoor,
    "TISO": needs.draw_tiso,
    "TABUSE": needs.draw_tabuse,
    "TTRUNC": needs.draw_ttrunc,
    "TMULTI": needs.draw_tmulti,
    "TPREG": children.draw_tpreg,
    "TNOSCHOOL": children.draw_tnoschool,
    "TLANG": children.draw_tlang,
    "THOMELESS": needs.draw_thomeless,
    "TREENTRY": needs.draw_treentry,
    "TPETS": needs.draw_tpets,
    "TSIBCARE": elders.draw_tsibcare,
}
"""One drawing for each household type of the rules."""

_REFERRERS = {
    "T8050": ("hokatsu", "neighbour", "minsei"), "TDEM1": ("hokatsu", "care_manager", "utility", "medical"),
    "TSP20": ("school", "nursery", "kodomo"), "TYC": ("school",), "TNOSCHOOL": ("school",),
    "TPOOR": ("jiritsu", "landlord", "utility"), "TABUSE": ("care_manager", "medical"), "TISO": ("utility", "chokai"),
    "TGOMI": ("environment", "chokai"),
}  # fmt: skip
_URGENT = {"TABUSE": "A", "TPOOR": "B", "T8050A": "B", "TPREG": "B", "THOMELESS": "B", "TYC": "B"}
_CHANNELS = ("phone", "phone", "phone", "counter", "counter", "mail_form", "visit", "line", "fax_letter")


def ward_in_care(seed: int, on: date, count: int = IN_CARE) -> tuple[Household, ...]:
    """``count`` households that somebody called about in the year before ``on``; the oldest call first.

    Ages are as of the call, and such that the household is of its type from then until ``on``.
    Four of five are of the three counted types, in the proportions of :data:`ESTIMATES`; the rest show every other.
    """
    chance = Random(f"{seed}:order")  # noqa: S311 - made-up people, no secret
    kinds = _kinds_in_care(count)
    chance.shuffle(kinds)
    days = sorted((chance.randrange(_YEAR) for _ in kinds), reverse=True)
    return tuple(
        draw_household(
            seed, number, kind, on - timedelta(days=ago), heard_days_ago=ago, area=AREAS[number % len(AREAS)].code
        )
        for number, (kind, ago) in enumerate(zip(kinds, days, strict=True))
    )


def _kinds_in_care(count: int) -> list[str]:
    others = [kind for kind in RECIPES if kind not in ESTIMATES]
    counted = max(count * _COUNTED_IN_CARE // IN_CARE, 0)
    whole = sum(ESTIMATES.values())
    kinds = [kind for kind, estimate in ESTIMATES.items() for _ in range(round(counted * estimate / whole))]
    return kinds + [others[place % len(others)] for place in range(count - len(kinds))]


def draw_household(
    seed: int, number: int, kind: str, on: date, *, heard_days_ago: int = 0, area: str | None = None
) -> Household:
    """Household ``number`` of the ward of ``seed``: the same for the same arguments, whatever was drawn before."""
    chance = Random(f"{seed}:{number}:{kind}")  # noqa: S311 - made-up people, no secret
    draw = Drawing(chance, on, area)
    told = RECIPES[kind](draw)
    silent = told.pop("silent_days", None)
    if silent is not None:
        told["last_reaction"] = on - timedelta(days=silent)
    referrer = chance.choice(_REFERRERS.get(kind, ("minsei", "neighbour", "hokatsu", "sukoyaka")))
    told = {
        "channel": chance.choice(_CHANNELS),
        "route": "agency" if referrer not in {"neighbour", "minsei"} else "family_remote",
        "referrer": referrer,
        "urgency": _URGENT.get(kind) or chance.choice("BCCCCD"),
        "dwelling": chance.choice(("owned", "rented", "rented", "public")),
        **told,
    }
    return draw.done(number, kind, heard_days_ago, **told)


def whole_ward(
    seed: int, on: date, households: int = WARD_HOUSEHOLDS, people: int = WARD_PEOPLE
) -> Iterator[Household]:
    """The whole ward, one household after the other in constant memory: ``people`` in ``households``.

    The counted types come as often as estimated, scaled by ``households``; everybody else lives in ordinary homes.
    """
    # Each type gathers its share at every step and takes its turn when a whole household has come together.
    share = {kind: round(estimate * households / WARD_HOUSEHOLDS) for kind, estimate in ESTIMATES.items()}
    gathered = dict.fromkeys(share, households // 2)
    counted = 0
    for number in range(households):
        for kind, count in share.items():
            gathered[kind] += count
        ripe = max(gathered, key=lambda kind: gathered[kind])
        if gathered[ripe] >= households:
            gathered[ripe] -= households
            household = draw_household(seed, number, ripe, on)
        else:
            due = people * (number + 1) // households
            household = _draw_ordinary(seed, number, on, due - counted, households - number)
        counted += len(household.members)
        yield household


def _draw_ordinary(seed: int, number: int, on: date, owing: int, left: int) -> Household:
    """A home in no need. ``owing``: how many people the ward is short of; near the end the size makes up for it."""
    chance = Random(f"{seed}:{number}:ordinary")  # noqa: S311 - made-up people, no secret
    size = chance.choices((1, 2, 3, 4, 5), (57, 22, 11, 8, 2))[0]
    far = 6
    if left <= far * far or abs(owing - size) > far:
        size = min(5, max(1, owing))
    draw = Drawing(chance, on)
    healthy = {"dementia_diagnosis": "no", "dementia_level": "independent", "care": "not_applied"}
    if size == 1:
        draw.add("self", draw.one_of("male", "female"), draw.between(20, 88), marital="never_married", **healthy)
    else:
        years = draw.between(30, 79 if size == 2 else 49)  # noqa: PLR2004 - a couple
        draw.add("husband", "male", years, marital="married", **healthy)
        draw.add("wife", "female", max(25, years - draw.between(0, 4)), marital="married", **healthy)
        ranks = ("eldest", "second", "third")
        for rank in ranks[: size - 2]:
            girl = chance.random() < 0.5  # noqa: PLR2004
            draw.add(
                f"{rank}_{'daughter' if girl else 'son'}", "female" if girl else "male", draw.between(0, years - 28)
            )
    return draw.done(number, "ordinary", 0, dwelling=chance.choice(("owned", "rented")))
