"""``python -m services.ward``: the made-up ward as JSON lines, one household a line, in constant memory.

python -m services.ward                       those in care: about 300, with what a caseworker would have typed
python -m services.ward --scale               the whole ward: 200,000 households, 340,000 people
python -m services.ward --scale 0.1           a tenth of it
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable

from services.ward.family import Household
from services.ward.households import SEED, WARD_HOUSEHOLDS, WARD_PEOPLE, ward_in_care, whole_ward
from shared import clock


def main() -> int:
    """Write the households to standard output."""
    parser = argparse.ArgumentParser(prog="python -m services.ward", description="The made-up ward as JSON lines.")
    parser.add_argument("--scale", nargs="?", type=float, const=1.0, help="the whole ward, or this share of it")
    parser.add_argument("--seed", type=int, default=SEED, help="another ward for another number")
    chosen = parser.parse_args()
    households: Iterable[Household]
    if chosen.scale is None:
        households = ward_in_care(chosen.seed, clock.today())
    else:
        size = round(WARD_HOUSEHOLDS * chosen.scale), round(WARD_PEOPLE * chosen.scale)
        households = whole_ward(chosen.seed, clock.today(), *size)
    try:
        for household in households:
            told = {"id": str(household.id), "kind": household.kind, **household.as_request()}
            sys.stdout.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
