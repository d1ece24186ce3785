"""Runs of timers on replicas, which append to a log in each record that they change."""

from __future__ import annotations

from ptb_bucket.state import BOT_DATA, HANDLED, MISSING, open_layout
from ptb_bucket.state.timers import Timer
from support.documents.timers import ADA, BO, CAKE, DAILY, ROOM, TEA, ended, started, unit

ALL = (TEA, CAKE, ADA, BO, ROOM, BOT_DATA, HANDLED)


async def begin(store, layout, timer=DAILY):
    """Give each log a first element: two first lists would merge into one."""
    replica = await started(store, layout, ALL)
    for record in (ADA, BO, ROOM, BOT_DATA):
        replica.stage(record, {"log": [0]})
    for record in (TEA, CAKE):
        replica.stage(record, timer.to_value())
    await replica.commit()


def run(replica, record=TEA, effects=(ADA, ROOM, BOT_DATA), after=ended):
    """Run the current occurrence of a timer: its job appends the occurrence to the log of each record."""
    timer = Timer.from_value(replica.values.read(record))
    name = unit(record, timer)
    replica.units.begin(name, [record, *effects])
    for effect in effects:
        log = replica.values.read(effect)["log"]
        replica.stage(effect, {"log": [*log, timer.occurrence]})
    after = after(timer)
    replica.stage_occurrence(name, record, MISSING if after is None else after.to_value(), effects)
    return name


async def logs(store, layout, *records):
    reader = await started(store, layout, ALL)
    return [reader.values.read(record)["log"] for record in records or (ADA, ROOM, BOT_DATA)]


def written(store, layout):
    names = {f"{open_layout(layout).key(record)}.json": record for record in reversed(ALL)}
    return [names[key] for operation, key in store.taken() if operation == "put" and key in names]
