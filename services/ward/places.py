"""Where people live: areas (圏域), districts (地区), streets, buildings, and 500 m map cells. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Area:
    """A 圏域: what one sukoyaka welfare centre looks after."""

    code: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class District:
    """A 地区. ``row`` and ``column`` place its square of 2 × 2 map cells in the ward's grid, from the south-west."""

    code: str
    area: str
    ja: str
    en: str
    row: int
    column: int


AREAS: tuple[Area, ...] = (
    Area("c", "中央", "Central"),
    Area("n", "北", "North"),
    Area("w", "西", "West"),
    Area("s", "南", "South"),
)

DISTRICTS: tuple[District, ...] = (
    District("nishinomori", "w", "西の森", "Nishinomori", 4, 0),
    District("kitahara", "n", "北原", "Kitahara", 4, 1),
    District("suijin", "n", "水神", "Suijin", 4, 2),
    District("hachimanmae", "w", "八幡前", "Hachimanmae", 3, 0),
    District("nitta", "n", "新田", "Nitta", 3, 1),
    District("matsugami", "n", "松上", "Matsugami", 3, 2),
    District("enoki", "w", "榎", "Enoki", 2, 0),
    District("motomachi", "c", "元町", "Motomachi", 2, 1),
    District("sakuradai", "c", "桜台", "Sakuradai", 2, 2),
    District("midoribashi", "c", "緑橋", "Midoribashi", 1, 0),
    District("honmachidori", "c", "本町通", "Honmachidori", 1, 1),
    District("wakatake", "s", "若竹", "Wakatake", 1, 2),
    District("minamidaimachi", "s", "南台町", "Minamidaimachi", 0, 0),
    District("hashiba", "s", "橋場", "Hashiba", 0, 1),
    District("kawabata", "s", "川端", "Kawabata", 0, 2),
)
DISTRICT_BY_CODE = {district.code: district for district in DISTRICTS}

_SOUTH, _WEST = 35.55, 139.85
"""The ward's south-western corner: open water, so that no map cell is anybody's home."""
_CELL_SOUTH_NORTH, _CELL_WEST_EAST = 15 / 3600, 22.5 / 3600
"""A half mesh (分割地域メッシュ 1/2): 15 seconds of latitude by 22.5 seconds of longitude, about 460 m × 565 m."""
_CELLS = 2

_TREES = (
    "ひばり",
    "こまどり",
    "つぐみ",
    "かしの木",
    "けやき",
    "やなぎ",
    "つばき",
    "さざんか",
    "あおば",
    "わかば",
    "みなも",
    "こもれび",
    "あけぼの",
    "ゆうなぎ",
    "はるかぜ",
)
_BUILDINGS = ("荘", "コーポ", "ハイツ", "マンション", "ハウス", "団地", "レジデンス")
_KANJI_NUMBERS = ("一", "二", "三", "四", "五")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a household lives. ``mesh``: nine digits of JIS X 0410, a cell of about 500 m."""

    district: str
    area: str
    address: str
    room: str
    mesh: str


def mesh_code(latitude: float, longitude: float) -> str:
    """The 500 m cell of a point (JIS X 0410 分割地域メッシュ, 1/2), nine digits.

    ``latitude`` and ``longitude`` in degrees, JGD2011, within 20–46 N and 122–154 E; ValueError outside of them.
    Digits: 1st mesh (40' × 1°) four, 2nd (1/8) two, 3rd (1/10) two, half one (1 south-west, 2 south-east, 3, 4 north).
    """
    if not (20 <= latitude < 46 and 122 <= longitude < 154):  # noqa: PLR2004 - the extent of Japan
        msg = "the point is not in Japan"
        raise ValueError(msg)
    # Count in eighths of a second, whole numbers: a border must not depend on how a float rounds.
    south_north = round(latitude * 3600 * 8)
    west_east = round((longitude - 100) * 3600 * 8)
    first_south, rest_south = divmod(south_north, 2400 * 8)
    first_west, rest_west = divmod(west_east, 3600 * 8)
    second_south, rest_south = divmod(rest_south, 300 * 8)
    second_west, rest_west = divmod(rest_west, 450 * 8)
    third_south, rest_south = divmod(rest_south, 30 * 8)
    third_west, rest_west = divmod(rest_west, 45 * 8)
    half = 1 + (rest_west >= 45 * 4) + 2 * (rest_south >= 30 * 4)
    return f"{first_south}{first_west}{second_south}{second_west}{third_south}{third_west}{half}"


def mesh_of(district: District, cell: int) -> str:
    """The code of one of a district's four cells, 0–3."""
    row = district.row * _CELLS + cell // _CELLS
    column = district.column * _CELLS + cell % _CELLS
    return mesh_code(_SOUTH + (row + 0.5) * _CELL_SOUTH_NORTH, _WEST + (column + 0.5) * _CELL_WEST_EAST)


_MESHES = {district.code: tuple(mesh_of(district, cell) for cell in range(_CELLS**2)) for district in DISTRICTS}


def draw_home(chance: Random, area: str | None = None) -> Home:
    """A made-up home, in ``area`` when it is given: three in ten are houses, the rest have a room number."""
    district = chance.choice([one for one in DISTRICTS if area is None or one.area == area])
    chome = chance.randrange(5)
    # The block lies in one cell, so that neighbours share it.
    block, lot = chance.randint(1, 38), chance.randint(1, 17)
    address = f"{district.ja}{_KANJI_NUMBERS[chome]}丁目{block}番{lot}号"
    room = ""
    if chance.random() > 0.3:  # noqa: PLR2004 - three in ten
        address += f" {chance.choice(_TREES)}{chance.choice(_BUILDINGS)}"
        room = f"{chance.randint(1, 6)}{chance.randint(1, 12):02d}"
    return Home(district.code, district.area, address, room, _MESHES[district.code][(chome + block) % _CELLS**2])


def draw_phone(chance: Random, *, mobile: bool) -> str:
    """A telephone number that nobody can have: its exchange 0000 is not assigned."""
    return f"{'080' if mobile else '03'}-0000-{chance.randrange(10_000):04d}"
