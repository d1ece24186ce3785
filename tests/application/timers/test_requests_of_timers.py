"""The requests that timers cost, as the server counts them: of an idle tick, of a run, and of handlers."""

from __future__ import annotations

from collections import Counter

import pytest

from ptb_bucket.state import LAYOUTS, Record
from ptb_bucket.state.timers import Claim, Timer, due_key
from ptb_bucket.stores import Create, MemoryStore
from support.applications.counted_bots import CountedBots
from support.documents.timers import replica_on

MANY = {"single": 1_000, "per-type": 100_000, "per-record": 100_000}
"""Timers ahead at most."""
HOUR = 3600


async def remind(context):
    context.user_data["reminded"] = context.user_data.get("reminded", 0) + 1


@pytest.fixture(params=list(LAYOUTS))
def bots(request):
    return CountedBots(MemoryStore(), request.param)


def idle(bots):
    """Return the requests of a tick that finds nothing."""
    return ["list"] if bots.layout == "per-record" else ["get"]


async def fill(bots, users, timers, *, due):
    """Fill the bucket with users, and with timers that are due later."""
    each = [Record.of_timer(Record.user(1 + number % users), f"t{number}") for number in range(timers)]
    made = {record: Timer("remind", f"{number:08x}", due=due + number % 50_000) for number, record in enumerate(each)}
    if bots.layout == "per-record":  # which reads none of these documents, so their names are enough
        names = [f"user_data/{number}.json" for number in range(1, users + 1)]
        names += [due_key(record, timer).key for record, timer in made.items()]
        for name in names:
            await bots.bucket.put(name, b"", Create())
        return
    replica = replica_on(bots.bucket, bots.layout, on_demand=False, bot_id="123456", deadline=60)
    for number in range(1, users + 1):
        replica.stage(Record.user(number), {"name": "Ada"})
    for record, timer in made.items():
        replica.stage(record, timer.to_value())
    await replica.commit()


class TestIdleTick:
    @pytest.mark.parametrize("is_large", [False, pytest.param(True, marks=pytest.mark.long)], ids=["10", "many"])
    async def test_it_is_one_request_however_many_users_and_timers_there_are(self, bots, clock, is_large):
        users, timers = (100_000, MANY[bots.layout]) if is_large else (10, 10)
        await fill(bots, users, timers, due=clock.now + HOUR)
        async with bots.build([remind]) as bot:
            await bot.tick()
            bots.taken()
            for _ in range(3):
                assert (await bot.tick()).ran == 0
                assert bots.taken() == idle(bots)

    @pytest.mark.parametrize("bots", ["single", "per-type"], indirect=True)  # on per-record, fill() makes no documents
    @pytest.mark.parametrize(("timers", "reports"), [(1000, 0), (1001, 1)])
    async def test_more_than_a_thousand_beside_all_data_are_reported_once(self, bots, clock, caplog, timers, reports):
        await fill(bots, 1, timers, due=clock.now + HOUR)
        async with bots.build([remind]) as bot:
            for _ in range(3):
                await bot.tick()
        found = [record for record in caplog.messages if "layout=single, each save writes all" in record]
        assert len(found) == (reports if bots.layout == "single" else 0)

    async def test_it_is_one_request_after_a_thousand_timers_were_cancelled(self, bots, clock):
        async with bots.build([remind], commands={"add": add(1000), "cancel": cancel}) as bot:
            await bots.ada.send(bot, "/add")
            await bots.ada.send(bot, "/cancel")
            clock.pass_(2 * HOUR)
            bots.taken()
            assert (await bot.tick()).ran == 0
            assert bots.taken() == idle(bots)

    async def test_it_is_one_request_after_a_thousand_timers_were_moved(self, bots, clock):
        async with bots.build([remind], commands={"add": add(1000), "move": add(1000, 5 * HOUR)}) as bot:
            await bots.ada.send(bot, "/add")
            await bots.ada.send(bot, "/move")
            clock.pass_(2 * HOUR)
            bots.taken()
            assert (await bot.tick()).ran == 0
            assert bots.taken() == idle(bots)

    async def test_keys_that_no_delete_has_reached_are_looked_at_once(self, bots, clock):
        """The process was killed after its commit, and before it removed the keys."""
        async with bots.build([remind], commands={"add": add(1000), "move": add(1000, 5 * HOUR)}) as bot:
            await bots.ada.send(bot, "/add")
            bots.loses_deletes = True
            await bots.ada.send(bot, "/move")
        bots.loses_deletes = False
        clock.pass_(2 * HOUR)
        async with bots.build([remind]) as bot:
            await bot.tick()
            bots.taken()
            assert (await bot.tick()).ran == 0
            assert bots.taken() == idle(bots)

    @pytest.mark.parametrize("late", [0, 2 * HOUR], ids=["just due", "due two hours before"])
    async def test_keys_of_killed_creators_are_looked_at_once_and_removed_an_hour_after_they_were_written(
        self, clock, late
    ):
        """Within this hour, a tick lists them: one request for each thousand. Their creators may still be saving."""
        bots = CountedBots(MemoryStore(), "per-record")
        for number in range(1000):
            record = Record.of_timer(Record.user(number), "tea")
            await bots.bucket.put(due_key(record, Timer("remind", "aa", due=clock.now - late)).key, b"", Create())
        clock.pass_(60)
        async with bots.build([remind]) as bot:
            await bot.tick()
            assert Counter(bots.taken())["get"] <= 1010
            await bot.tick()
            assert bots.taken() == ["list"]
            clock.pass_(HOUR)
            await bot.tick()
            assert Counter(bots.taken())["delete"] == 1000
            await bot.tick()
            assert bots.taken() == ["list"]

    async def test_keys_of_killed_movers_are_removed_an_hour_after_they_were_written(self, clock):
        """Until then, each tick looks whether the mover has saved the timer, because it may be due now."""
        bots = CountedBots(MemoryStore(), "per-record")
        async with bots.build([remind], commands={"add": add(1, 9 * HOUR)}) as bot:
            await bots.ada.send(bot, "/add")
            [record] = bot.timers.pending.of([Record.user(42)])
            moved = bot.timers.pending.stored(record).rearmed(clock.now, "aa")
            await bots.bucket.put(due_key(record, moved).key, b"", Create())
            for _ in range(3):
                clock.pass_(60)
                bots.taken()
                await bot.tick()
                assert bots.taken() == ["list", "get"]
        clock.pass_(HOUR)
        async with bots.build([remind]) as bot:  # a new process does not need to have seen the key
            await bot.tick()
            assert "delete" in bots.taken()
            await bot.tick()
            assert bots.taken() == ["list"]
            assert (await bot.job_queue.find(user_id=42))[0].next_t.timestamp() > clock.now

    async def test_a_process_looks_at_each_claim_once(self, bots, clock):
        """A hundred timers at the head are claimed by another instance."""
        replica = replica_on(bots.bucket, bots.layout, on_demand=bots.layout == "per-record", bot_id="123456")
        records = [Record.of_timer(Record.user(number), "tea") for number in range(100)]
        await replica.documents.refresh(records, 0)
        for record in records:
            claim = Claim("another", clock.now + 60)
            replica.stage(record, Timer("remind", "aa", due=clock.now - 1, claim=claim).to_value())
        await replica.commit()
        async with bots.build([remind]) as bot:
            bots.taken()
            assert (await bot.tick()).ran == 0
            looks = Counter(bots.taken())
            assert looks == {"list": 1, "get": 100} if bots.layout == "per-record" else looks["get"] <= 2
            for _ in range(5):
                assert (await bot.tick()).ran == 0
                assert bots.taken() == idle(bots)
            clock.pass_(80)
            assert (await bot.tick()).ran == 100


def add(count, seconds=HOUR):
    """Return a command that adds timers, or moves those that it has added before."""

    def command(context):
        for number in range(count):
            kwargs = {"id": f"t{number}", "replace_existing": True}
            context.job_queue.run_once(remind, seconds, user_id=42, job_kwargs=kwargs)

    return command


def cancel(context):
    for job in context.job_queue.jobs():
        job.schedule_removal()


def once(context):
    context.job_queue.run_once(remind, HOUR, user_id=42)


def repeating(context):
    context.job_queue.run_repeating(remind, HOUR, user_id=42)


RUNS = {
    "single": ["get", "put", "get", "put"],
    "per-type": ["get", "put", "get", "get", "put", "put"],
    "per-record": ["list", "get", "put", "get", "get", "put", "delete"],
}
"""What is due; then the claim; then what the job can see; then what it has changed, and the timer.

With per-record, the timer is read before it is claimed, and its due key is removed at the end.
"""


class TestRun:
    @pytest.mark.parametrize("command", [once, repeating])
    async def test_the_requests_of_a_due_timer(self, bots, clock, command):
        async with bots.build([remind], commands={"add": command}) as bot:
            await bots.ada.send(bot, "/add")
        clock.pass_(HOUR + 1)
        async with bots.build([remind]) as bot:
            await bot.tick(0)
            bots.taken()
            assert (await bot.tick()).ran == 1
            next_key = ["put"] if (bots.layout, command) == ("per-record", repeating) else []
            assert Counter(bots.taken()) == Counter([*RUNS[bots.layout], *next_key])


def nothing(context):
    context.user_data["seen"] = True


async def _requests_of_updates(layout, **options):
    bots = CountedBots(MemoryStore(), layout)
    async with bots.build(commands={"hi": nothing}, **options) as bot:
        await bots.ada.send(bot, "/hi")
        bots.taken()
        await bots.ada.send(bot, "/hi")
        return bots.taken()


class TestHandlers:
    async def test_an_update_without_a_timer_costs_no_request_more(self, bots):
        """With per-type, timers are in a document of their own, which is read with the others: one conditional GET."""
        plain = await _requests_of_updates(bots.layout, jobs="process", callbacks=())
        more = ["get"] if bots.layout == "per-type" else []
        assert Counter(await _requests_of_updates(bots.layout, callbacks=[remind])) == Counter([*plain, *more])

    async def test_thousands_of_timers_of_one_handler_are_one_commit_for_each_document(self, bots):
        def many(context):
            for number in range(3000):
                context.job_queue.run_once(remind, HOUR + number, user_id=42 + number % 3)

        async with bots.build([remind], commands={"many": many}) as bot:
            await bots.ada.send(bot, "/many")
            puts = [key for operation, key in bots.store.taken() if operation == "put"]
        written = Counter(key for key in puts if not key.startswith("timers/due/"))
        assert set(written.values()) == {1}
        assert len(puts) - sum(written.values()) == (3000 if bots.layout == "per-record" else 0)
