"""The spine: an event log in every service's database, one stream each, and readers that lose nothing.

Public names; everything else is the inside::

    await hold(session, household_id)                      # first thing in a transaction that writes
    await record(session, Event(...), actor=actor, occurred_at=...)      -> Recorded
    await record_many(session, [Fact(event, occurred_at, id), ...])      -> list[Recorded]
    await erase(session, household_id)                     # blank all the log says about it
    await forget_heard(session, household_id)              # and what was heard: parked events, the memory of the way
    recorded_in(session)                                   # of the transaction just committed
    await positions_of(db, "intake", recorded)             -> "intake:1234" | None, the answer's ``after``

    subscriptions = Subscriptions("casework")              # in handlers.py
    @subscriptions.on(HouseholdRegistered, projects=True)  # or acts=True; batch=True: takes a list
    async def _(session, heard: Received[HouseholdRegistered]) -> None: ...
    raise NotYet                                           # a fact of another source has not come yet
    derived_id(heard.id, "case")                           # uuid5: doing it again makes the same
    wire_heartbeat(subscriptions)                          # the service's whole part in the heart-beat

    spine = Spine(settings, "casework", db, subscriptions); await spine.start(); await spine.stop()
    await spine.wait_for("intake", 1234, timeout=2.0)      # read your own write -> bool
    await spine.status() -> Status; await spine.health() -> dict
    feed_router()                                          # GET /events

    await closed_subjects(session); await is_closed(session, household_id); closed(Table.household_id)  # SQL
    await sharing_is_safe(session); await refuse_when_deaf(session); await heard_from(session, "intake")

For ``./kasane parked`` and ``./kasane log adopt`` (the running service tries retried events within seconds)::

    await list_parked(db, also_closed=False) -> list[ParkedLine]
    await show_parked(db, parked_id) -> (ParkedLine, envelope)
    await retry_parked(db, parked_id, by="...")            # Missing, Conflict
    await skip_parked(db, parked_id, by="...", reason="...")   # Missing, Conflict, Refused
    await list_heads(session, limit) -> list[ParkedLine]; await look_closely(session, parked_id) -> Shown
    await try_again(session, parked_id, by=…, reason=…); await give_up(session, parked_id, by=…, reason=…)
    await adopt_log(db, redis, Names(municipality), service) -> Adopted(epoch, position, old_stream, lost)
    await lost_facts(db, source=None, found_in=None) -> list[LostFact]
    connect_redis(url) -> Redis
    await read_status(db, redis, Names(municipality), service) -> Status     # what Spine.status() says, from outside
"""

from shared.spine.facade import Spine, connect_redis
from shared.spine.feed import feed_router
from shared.spine.forgetting import forget_heard
from shared.spine.going_back import Adopted, adopt_log, lost_facts
from shared.spine.heartbeat import heard_from, refuse_when_deaf, sharing_is_safe, wire_heartbeat
from shared.spine.log import (
    Fact,
    NotHeldError,
    Recorded,
    erase,
    hold,
    positions_of,
    record,
    record_many,
    recorded_in,
)
from shared.spine.parked import (
    ParkedLine,
    closed,
    closed_subjects,
    give_up,
    is_closed,
    list_heads,
    list_parked,
    look_closely,
    retry_parked,
    show_parked,
    skip_parked,
    try_again,
)
from shared.spine.state import FeedReader, SourceStatus, Status, read_status
from shared.spine.subscriptions import NotYet, Received, Subscriptions, derived_id
from shared.spine.tables import SpineBase, ensure_partitions
from shared.spine.wire import Names

__all__ = [
    "Adopted",
    "Fact",
    "FeedReader",
    "Names",
    "NotHeldError",
    "NotYet",
    "ParkedLine",
    "Received",
    "Recorded",
    "SourceStatus",
    "Spine",
    "SpineBase",
    "Status",
    "Subscriptions",
    "adopt_log",
    "closed",
    "closed_subjects",
    "connect_redis",
    "derived_id",
    "ensure_partitions",
    "erase",
    "feed_router",
    "forget_heard",
    "give_up",
    "heard_from",
    "hold",
    "is_closed",
    "list_heads",
    "list_parked",
    "look_closely",
    "lost_facts",
    "positions_of",
    "read_status",
    "record",
    "record_many",
    "recorded_in",
    "refuse_when_deaf",
    "retry_parked",
    "sharing_is_safe",
    "show_parked",
    "skip_parked",
    "try_again",
    "wire_heartbeat",
]
