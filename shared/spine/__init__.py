"""The spine: an event log in every service's database, one stream each, and readers that lose nothing.

Public names; everything else is the inside::

    await hold(session, household_id)                      # first thing in a transaction that writes
    await record(session, Event(...), actor=actor, occurred_at=...)      -> Recorded
    await record_many(session, [Fact(event, occurred_at, id), ...])      -> list[Recorded]
    recorded_in(session)                                   # of the transaction just committed
    await positions_of(db, "intake", recorded)             -> "intake:1234" | None, the answer's ``after``

    subscriptions = Subscriptions("casework")              # in handlers.py
    @subscriptions.on(HouseholdRegistered, projects=True)  # or acts=True; batch=True: takes a list
    async def _(session, heard: Received[HouseholdRegistered]) -> None: ...
    raise NotYet                                           # a fact of another source has not come yet
    derived_id(heard.id, "case")                           # uuid5: doing it again makes the same
"""

from shared.spine.log import Fact, NotHeldError, Recorded, hold, positions_of, record, record_many, recorded_in
from shared.spine.subscriptions import NotYet, Received, Subscriptions, derived_id
from shared.spine.tables import SpineBase, ensure_partitions

__all__ = [
    "Fact",
    "NotHeldError",
    "NotYet",
    "Received",
    "Recorded",
    "SpineBase",
    "Subscriptions",
    "derived_id",
    "ensure_partitions",
    "hold",
    "positions_of",
    "record",
    "record_many",
    "recorded_in",
]
