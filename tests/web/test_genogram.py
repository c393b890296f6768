"""The family picture: everybody drawn once, nobody on top of another, homes closed."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from shared.genogram import SIZE, Person, Placed, draw

people = st.lists(
    st.builds(
        Person,
        key=st.just(""),
        name=st.text(max_size=4),
        age=st.just("53"),
        generation=st.integers(-2, 2),
        line=st.sampled_from(["own", "partner", "sibling", "foster", "other"]),
        gender=st.sampled_from(["male", "female", "unknown"]),
        together=st.booleans(),
        dead=st.booleans(),
    ),
    max_size=12,
)


@given(people)
def test_everybody_is_drawn_once_and_apart(family: list[Person]) -> None:
    picture = draw(family)
    assert sorted(id(one.person) for one in picture.people) == sorted(map(id, family))
    for one, other in combinations(picture.people, 2):
        assert abs(one.x - other.x) >= SIZE or abs(one.y - other.y) >= SIZE
    for one in picture.people:
        assert SIZE / 2 <= one.x <= picture.width - SIZE / 2
        assert SIZE / 2 <= one.y <= picture.height - SIZE / 2


@given(people)
def test_a_home_is_drawn_for_two_or_more(family: list[Person]) -> None:
    sharing = [one for one in family if one.together and not one.dead]
    assert bool(draw(family).home) == (len(sharing) > 1)


def test_a_mother_and_her_son() -> None:
    mother = Person("m", "フミ", "83", -1, "own", "female", together=True)
    son = Person("s", "修", "53", 0, "own", "male", together=True, centre=True)
    daughter = Person("d", "長女", "", 0, "sibling", "female", together=False, guarded=True)
    picture = draw([son, mother, daughter])
    place = {one.person.key: one for one in picture.people}
    assert place["m"].y < place["s"].y == place["d"].y
    assert (
        picture.lines[0] == f"M{_n(place['m'].x)} {_n(place['m'].y + SIZE / 2)}V{_n(_middle(place['m'], place['s']))}"
    )
    assert picture.home.startswith("M")


def test_nobody_is_an_empty_picture() -> None:
    assert draw([]).people == ()


def _middle(one: Placed, other: Placed) -> float:
    return (one.y + other.y) / 2


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
