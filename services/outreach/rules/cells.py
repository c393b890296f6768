"""Distances between map cells: standard grid squares (地域メッシュ, JIS X 0410), down to the half square of 500 m."""

from __future__ import annotations

from math import cos, hypot, radians

_KM_OF_A_DEGREE = 111.32
_FIRST, _SECOND, _THIRD, _HALF = 4, 6, 8, 9


def centre_of(cell: str) -> tuple[float, float] | None:
    """Latitude and longitude in degrees of the middle of a cell of 4, 6, 8 or 9 digits; None for anything else."""
    if not (cell.isascii() and cell.isdigit()) or len(cell) not in {_FIRST, _SECOND, _THIRD, _HALF}:
        return None
    digits = [int(character) for character in cell]
    south = int(cell[:2]) / 1.5
    west = int(cell[2:4]) + 100.0
    height, width = 2 / 3, 1.0
    if len(cell) >= _SECOND:
        if max(digits[4:6]) > 7:  # noqa: PLR2004 - the second square has eight rows and columns
            return None
        height, width = height / 8, width / 8
        south, west = south + digits[4] * height, west + digits[5] * width
    if len(cell) >= _THIRD:
        height, width = height / 10, width / 10
        south, west = south + digits[6] * height, west + digits[7] * width
    if len(cell) == _HALF:
        if not 1 <= digits[8] <= 4:  # noqa: PLR2004 - a square has four quarters
            return None
        height, width = height / 2, width / 2
        south, west = south + (digits[8] > 2) * height, west + (digits[8] % 2 == 0) * width  # noqa: PLR2004
    return south + height / 2, west + width / 2


def kilometres(one: str, other: str) -> float | None:
    """As the crow flies between the middles of two cells; None when either is no cell."""
    a, b = centre_of(one), centre_of(other)
    if a is None or b is None:
        return None
    eastward = (b[1] - a[1]) * cos(radians((a[0] + b[0]) / 2))
    return hypot(b[0] - a[0], eastward) * _KM_OF_A_DEGREE
