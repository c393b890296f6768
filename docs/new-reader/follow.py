# ruff: noqa: INP001, T201, S310 - an example that stands by itself and prints what it hears
"""Follow a feed of Kasane with nothing but an HTTP client: FEED, TOKEN and the file PLACE come from the environment."""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

FEED, TOKEN, PLACE = os.environ["FEED"], os.environ["TOKEN"], Path(os.environ.get("PLACE", "place.json"))


def take(event: dict) -> None:
    """Do what is to be done with a fact. It may come again after a crash: its ``id`` tells."""
    print(json.dumps(event), flush=True)


place = json.loads(PLACE.read_text()) if PLACE.exists() else {"after": 0}
while True:
    query = urllib.parse.urlencode({**place, "limit": 500, "timeout": 25})
    request = urllib.request.Request(f"{FEED}?{query}", headers={"authorization": f"Bearer {TOKEN}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            events = json.load(answer)
    except (OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code in {401, 409}:
            sys.exit(f"{error.code}: {error.read().decode()}")  # refused, or the log has gone back: ask the operator
        time.sleep(2)
        continue
    for event in events:
        if event["type"] != "kasane.blank":  # not for us, or erased: only its position is left
            take(event)
    if events:
        place = {"after": events[-1]["position"], "lastEventId": events[-1]["id"]}
        PLACE.with_suffix(".new").write_text(json.dumps(place))
        PLACE.with_suffix(".new").replace(PLACE)
