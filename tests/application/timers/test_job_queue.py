"""PTB's JobQueue on the bucket: its methods mean what PTB documents."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from apscheduler.jobstores.base import ConflictingIdError
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from telegram.ext import CommandHandler, ContextTypes, Defaults

from ptb_bucket import JobCallback, JobRetry
from ptb_bucket.errors import CannotStoreError, ConfigurationError

ran = []


@pytest.fixture(autouse=True)
def _forget():
    ran.clear()


async def remind(context):
    ran.append(context.job.data)


async def fail(context):
    ran.append("failed")
    raise ValueError(context.job.data)


CALLBACKS = [remind, fail]


async def do(bots, application, function):
    """Run a function of a context in a handler, and return what it returned."""
    found = []
    for handlers in application.handlers.values():
        handlers.clear()

    async def handle(_update, context):
        result = function(context)
        found.append(await result if asyncio.iscoroutine(result) else result)

    application.add_handler(CommandHandler("do", handle))
    await bots.ada.send(application, "/do")
    assert bots.errors == []
    return found[0]


async def ticks(application, clock, seconds):
    clock.pass_(seconds)
    return (await application.tick()).ran


WHEN = [
    (lambda _now: 60, 60),
    (lambda _now: 60.5, 60.5),
    (lambda _now: timedelta(minutes=1), 60),
    (lambda now: datetime.fromtimestamp(now + 60, timezone.utc), 60),
    (lambda now: datetime.fromtimestamp(now + 60, ZoneInfo("Asia/Kathmandu")), 60),
    (lambda now: datetime.fromtimestamp(now + 60, timezone.utc).replace(tzinfo=None), 60),
    (lambda now: datetime.fromtimestamp(now - 60, timezone.utc), -60),
]


class TestRunOnce:
    @pytest.mark.parametrize(("when", "seconds"), WHEN)
    async def test_times(self, bots, clock, when, seconds):
        async with bots.build(CALLBACKS) as application:
            job = await do(
                bots, application, lambda context: context.job_queue.run_once(remind, when(clock.now), "tea")
            )
            assert job.next_t.timestamp() == pytest.approx(clock.now + seconds, abs=2)
            if seconds > 1:
                assert await ticks(application, clock, seconds - 5) == 0
            assert await ticks(application, clock, 10) == 1
            assert ran == ["tea"]
            assert await ticks(application, clock, 1e6) == 0

    async def test_a_naive_time_is_in_the_time_zone_of_the_defaults(self, bots, clock):
        kathmandu = ZoneInfo("Asia/Kathmandu")
        application = bots.build(CALLBACKS, defaults=Defaults(tzinfo=kathmandu))
        async with application:
            naive = datetime.fromtimestamp(clock.now + 60, kathmandu).replace(tzinfo=None)
            job = await do(bots, application, lambda context: context.job_queue.run_once(remind, naive))
            assert job.next_t.timestamp() == pytest.approx(clock.now + 60)
            assert job.next_t.tzinfo == kathmandu

    async def test_the_name_is_that_of_the_callback_unless_it_is_given(self, bots):
        async with bots.build(CALLBACKS) as application:
            jobs = await do(
                bots, application,
                lambda context: [context.job_queue.run_once(remind, 9), context.job_queue.run_once(remind, 9, 1, "t")],
            )  # fmt: skip
            assert [job.name for job in jobs] == ["remind", "t"]

    async def test_data_that_cannot_be_stored_is_refused_at_once(self, bots):
        async with bots.build(CALLBACKS) as application:
            with pytest.raises(CannotStoreError):
                application.job_queue.run_once(remind, 9, data=lambda: None)


class TestRepeating:
    async def test_an_interval_goes_on_on_other_instances(self, bots, clock):
        async with bots.build(CALLBACKS) as one:
            await do(
                bots, one, lambda context: context.job_queue.run_repeating(remind, 60, first=10, data="x", user_id=42)
            )
            assert await ticks(one, clock, 11) == 1
        for _ in range(3):
            async with bots.build(CALLBACKS) as another:
                assert await ticks(another, clock, 60) == 1
        assert ran == ["x"] * 4

    async def test_missed_runs_become_one_late_run(self, bots, clock):
        late = []

        async def note(context):
            late.append(context.job.late)

        async with bots.build([note]) as application:
            await do(bots, application, lambda context: context.job_queue.run_repeating(note, 60, first=0))
            assert await ticks(application, clock, 630) == 1
            assert await ticks(application, clock, 1) == 0
            assert await ticks(application, clock, 31) == 1
            assert late == [pytest.approx(630, abs=2), pytest.approx(2, abs=2)]

    async def test_without_coalesce_each_missed_run_is_made(self, bots, clock):
        async with bots.build(CALLBACKS) as application:
            kwargs = {"coalesce": False}
            await do(
                bots, application,
                lambda context: context.job_queue.run_repeating(remind, 60, first=0, last=301, job_kwargs=kwargs),
            )  # fmt: skip
            clock.pass_(1000)
            assert [(await application.tick()).ran for _ in range(8)] == [1, 1, 1, 1, 1, 1, 0, 0]

    async def test_the_data_that_a_run_changes_is_kept_for_the_next(self, bots, clock):
        async def count(context):
            context.job.data["runs"] += 1

        async with bots.build([count]) as one:
            await do(bots, one, lambda context: context.job_queue.run_repeating(count, 60, data={"runs": 0}))
            assert await ticks(one, clock, 61) == 1
        async with bots.build([count]) as two:
            assert await ticks(two, clock, 60) == 1
            jobs = await two.job_queue.find()
            assert [job.data for job in jobs] == [{"runs": 2}]

    async def test_last_before_first_is_refused(self, bots):
        async with bots.build(CALLBACKS) as application:
            with pytest.raises(ValueError, match="'last' must not be before 'first'"):
                application.job_queue.run_repeating(remind, 60, first=20, last=10)

    async def test_daily_and_monthly(self, bots, clock):
        rome = ZoneInfo("Europe/Rome")
        at = datetime.fromtimestamp(clock.now + 3600, rome).timetz()
        tomorrow = datetime.fromtimestamp(clock.now + 3600, rome)
        async with bots.build(CALLBACKS) as application:
            jobs = await do(
                bots, application,
                lambda context: [
                    context.job_queue.run_daily(remind, at.replace(microsecond=0, tzinfo=rome)),
                    context.job_queue.run_monthly(remind, at.replace(microsecond=0, tzinfo=rome), tomorrow.day),
                ],
            )  # fmt: skip
            assert {job.next_t.replace(microsecond=0) for job in jobs} == {tomorrow.replace(microsecond=0)}
            assert await ticks(application, clock, 3601) == 2

    @pytest.mark.parametrize(
        "kwargs",
        [
            lambda now: {"trigger": "date", "run_date": datetime.fromtimestamp(now + 60, timezone.utc)},
            lambda now: {"trigger": DateTrigger(datetime.fromtimestamp(now + 60, timezone.utc))},
            lambda _now: {"trigger": "interval", "seconds": 60},
            lambda _now: {"trigger": "cron", "minute": "*"},
            lambda _now: {"trigger": CronTrigger(minute="*", timezone="UTC")},
        ],
    )
    async def test_custom(self, bots, clock, kwargs):
        async with bots.build(CALLBACKS) as application:
            await do(bots, application, lambda context: context.job_queue.run_custom(remind, kwargs(clock.now)))
            assert await ticks(application, clock, 61) == 1


class TestJobs:
    async def test_removed(self, bots, clock):
        async with bots.build(CALLBACKS) as one:
            await do(bots, one, lambda context: context.job_queue.run_once(remind, 60, user_id=42, name="tea"))

        def remove(context):
            jobs = context.job_queue.get_jobs_by_name("tea")
            for job in jobs:
                job.schedule_removal()
            return [job.removed for job in jobs]

        async with bots.build(CALLBACKS) as two:
            assert await do(bots, two, remove) == [True]
            assert await do(bots, two, lambda context: context.job_queue.jobs()) == ()
            assert await ticks(two, clock, 61) == 0
        assert ran == []

    async def test_disabled_and_enabled_again(self, bots, clock):
        async with bots.build(CALLBACKS) as application:

            def pause(context):
                job = context.job_queue.run_repeating(remind, 60, user_id=42)
                job.enabled = False
                return job

            job = await do(bots, application, pause)
            assert (job.enabled, job.next_t) == (False, None)
            assert await ticks(application, clock, 200) == 0

            def resume(context):
                (job,) = context.job_queue.jobs()
                job.enabled = True
                return job

            job = await do(bots, application, resume)
            assert job.enabled
            assert job.next_t.timestamp() - clock.now == pytest.approx(40, abs=1)
            assert await ticks(application, clock, 41) == 1

    async def test_jobs_are_equal_in_every_process(self, bots):
        async with bots.build(CALLBACKS) as one, bots.build(CALLBACKS) as two:
            made = await do(bots, one, lambda context: context.job_queue.run_once(remind, 60, user_id=42))
            (found,) = await do(bots, two, lambda context: context.job_queue.jobs())
            assert made == found
            assert hash(made) == hash(found)
            assert (found.name, found.user_id, found.chat_id, found.callback) == ("remind", 42, None, remind)

    async def test_an_update_sees_the_timers_of_its_chat_its_user_and_the_bot_and_no_others(self, bots):
        async with bots.build(CALLBACKS) as application:

            def add(context):
                for name, ids in {
                    "user": {"user_id": 42},
                    "chat": {"chat_id": 42},
                    "bot": {},
                    "bob": {"user_id": 43},
                }.items():
                    context.job_queue.run_once(remind, 60, name=name, **ids)

            await do(bots, application, add)
            found = await do(bots, application, lambda context: context.job_queue.jobs())
            assert {job.name for job in found} == {"user", "chat", "bot"}
            assert [job.name for job in await do(bots, application, lambda c: c.job_queue.jobs("^us"))] == ["user"]
            found = await application.job_queue.find("^bob$", user_id=43)
            assert [job.name for job in found] == ["bob"]

    async def test_outside_of_an_update_a_part_is_never_returned_as_if_it_were_everything(self, bots):
        async with bots.build(CALLBACKS) as application:
            for look in (application.job_queue.jobs, lambda: application.job_queue.get_jobs_by_name("x")):
                with pytest.raises(RuntimeError, match=r"await application\.job_queue\.find"):
                    look()

    async def test_a_job_that_is_run_now_keeps_its_schedule(self, bots, clock):
        async with bots.build(CALLBACKS) as application:
            job = await do(bots, application, lambda context: context.job_queue.run_once(remind, 60, "tea", user_id=42))
            await job.run(application)
            assert ran == ["tea"]
            assert await ticks(application, clock, 61) == 1

    async def test_what_apscheduler_alone_has_is_refused(self, bots):
        async with bots.build(CALLBACKS) as application:
            job = await do(bots, application, lambda context: context.job_queue.run_once(remind, 60))
            with pytest.raises(AttributeError):
                job.reschedule("cron")
            with pytest.raises(AttributeError, match="has no APScheduler job"):
                job.job.modify()


class TestIds:
    async def test_an_id_that_is_taken_is_refused_and_replaced_on_demand(self, bots, clock):
        def add(data, *, replace=True):
            kwargs = {"id": "tea", "replace_existing": replace}
            return lambda context: context.job_queue.run_once(remind, 60, data, user_id=42, job_kwargs=kwargs)

        async with bots.build(CALLBACKS) as one:
            await do(bots, one, add("green"))
        async with bots.build(CALLBACKS) as two:
            clock.pass_(1)
            await do(bots, two, add("black"))
            (job,) = await do(bots, two, lambda context: context.job_queue.jobs())
            with pytest.raises(ConflictingIdError):
                two.job_queue.run_once(remind, 60, user_id=42, job_kwargs={"id": "tea"})
            assert job.id == "tea"
            assert await ticks(two, clock, 61) == 1
            assert await ticks(two, clock, 61) == 0
        assert ran == ["black"]


class TestRefused:
    @pytest.mark.parametrize(
        ("kwargs", "said"),
        [
            ({"max_instances": 3}, "max_instances"),
            ({"executor": "x"}, "executor"),
            ({"jobstore": "redis"}, "'redis'"),
            ({"misfire_grace_time": "soon"}, "misfire_grace_time"),
            ({"coalesce": 1}, "coalesce"),
            ({"colour": "red"}, "colour"),
            ({"id": 7}, "must be a string"),
        ],
    )
    async def test_arguments(self, bots, kwargs, said):
        async with bots.build(CALLBACKS) as application:
            with pytest.raises(ConfigurationError, match=said):
                application.job_queue.run_once(remind, 60, job_kwargs=kwargs)

    async def test_a_callback_that_is_not_listed(self, bots):
        async def other(_context):
            pass

        async with bots.build(CALLBACKS) as application:
            with pytest.raises(ConfigurationError, match=r"callbacks=\[remind, fail, other\]"):
                application.job_queue.run_once(other, 60)

    @pytest.mark.parametrize(
        ("callbacks", "said"),
        [
            ([lambda _: None], "must be an async function"),
            ([remind, JobCallback(fail, was="remind")], "'remind'"),
            ([5], "async"),
        ],
    )
    def test_lists_of_callbacks(self, bots, callbacks, said):
        with pytest.raises(ConfigurationError, match=said):
            bots.build(callbacks)

    def test_callbacks_without_the_bucket(self, bots):
        with pytest.raises(ConfigurationError, match="jobs='bucket'"):
            bots.build([remind], jobs="process")


class TestNames:
    async def test_a_callback_is_found_by_its_key_and_by_an_old_name(self, bots, clock):
        async with bots.build({"r": remind}) as one:
            await do(bots, one, lambda context: context.job_queue.run_once(remind, 60, 1))
        async with bots.build([JobCallback(remind, was=("r", "x"))]) as two:
            assert await ticks(two, clock, 61) == 1
        assert ran == [1]

    async def test_a_deployment_that_lacks_a_callback_says_so_leaves_it_to_others_and_parks_it_after_an_hour(
        self, bots, clock, caplog
    ):
        async with bots.build(CALLBACKS) as one:
            await do(bots, one, lambda context: context.job_queue.run_once(remind, 60, 1, user_id=42))
        async with bots.build([fail]) as two:
            await ticks(two, clock, 61)
            assert "lists no callback named 'remind'" in caplog.text
        async with bots.build([fail]) as two:
            await ticks(two, clock, 3700)
            (job,) = await two.job_queue.find(user_id=42)
            assert job.next_t is None
        assert ran == []


class TestFailures:
    async def test_a_job_that_raises_goes_to_the_error_handlers_is_tried_again_and_then_parked(self, bots, clock):
        async with bots.build(CALLBACKS, job_retry=JobRetry(tries=3, pause=30)) as application:
            await do(bots, application, lambda context: context.job_queue.run_once(fail, 60, "tea", user_id=42))
            tries = [await ticks(application, clock, pause) for pause in (61, 29, 2, 59, 2, 100_000)]
            assert tries == [1, 0, 1, 0, 1, 0]
            assert [repr(error) for error in bots.errors] == ["ValueError('tea')"] * 3
            (job,) = await application.job_queue.find(user_id=42)
            assert job.next_t is None

    async def test_a_repeating_job_that_succeeds_at_the_second_try_keeps_its_rhythm(self, bots, clock):
        async def sometimes(context):
            ran.append(clock.now)
            if len(ran) == 1:
                raise ValueError

        async with bots.build([sometimes]) as application:
            begin = clock.now
            await do(
                bots, application, lambda context: context.job_queue.run_repeating(sometimes, 600, first=0, user_id=42)
            )
            assert [await ticks(application, clock, pause) for pause in (1, 31, 500, 69)] == [1, 1, 0, 1]
            assert ran[-1] - begin == pytest.approx(601, abs=1)

    async def test_a_late_job_is_skipped_only_where_the_author_says_so(self, bots, clock):
        async with bots.build(CALLBACKS) as application:
            kwargs = {"misfire_grace_time": 30}
            await do(
                bots, application,
                lambda context: [
                    context.job_queue.run_once(remind, 60, "kept", user_id=42),
                    context.job_queue.run_once(remind, 60, "skipped", user_id=42, job_kwargs=kwargs),
                ],
            )  # fmt: skip
            await ticks(application, clock, 1000)
            assert ran == ["kept"]
            assert await application.job_queue.find(user_id=42) == ()


class TestJobsOfJobs:
    async def test_a_job_schedules_another_one_and_removes_itself(self, bots, clock):
        async def chain(context):
            ran.append(context.job.data)
            context.job_queue.run_once(chain, 60, context.job.data + 1, user_id=42)
            context.job.schedule_removal()

        async with bots.build([chain]) as application:
            await do(bots, application, lambda context: context.job_queue.run_repeating(chain, 60, data=0, user_id=42))
            for _ in range(3):
                assert await ticks(application, clock, 61) == 1
            assert ran == [0, 1, 2]
            assert len(await application.job_queue.find(user_id=42)) == 1

    async def test_a_job_sees_the_data_of_its_chat_and_user(self, bots, clock):
        async def note(context):
            context.user_data["n"] = context.chat_data["n"] = context.bot_data["n"] = 1
            ran.append([job.name for job in context.job_queue.jobs()])

        async with bots.build([note]) as one:
            await do(bots, one, lambda c: c.job_queue.run_once(note, 60, user_id=42, chat_id=-7, name="a"))
        async with bots.build([note]) as two:
            assert await ticks(two, clock, 61) == 1
        async with bots.build([note]) as three:
            await three.load_data(-7, 42)
            assert (three.user_data[42], three.chat_data[-7], three.bot_data) == ({"n": 1}, {"n": 1}, {"n": 1})
        assert ran == [["a"]]


class TestLivingProcess:
    async def test_it_runs_its_own_jobs_in_time_and_those_of_others_at_the_next_look(self, bots):
        done = asyncio.Event()

        async def note(context):
            ran.append(context.job.data)
            if len(ran) == 2:
                done.set()

        async with bots.build([note], runs=True, tick=0.3) as one, bots.build([note]) as two:
            await one.start()
            await do(bots, one, lambda context: context.job_queue.run_once(note, 0.1, "own", user_id=42))
            await do(bots, two, lambda context: context.job_queue.run_once(note, 0.1, "other", user_id=42))
            await asyncio.wait_for(done.wait(), 20)
            await one.stop()
        assert sorted(ran) == ["other", "own"]
        async with bots.build([note]) as three:
            assert await three.job_queue.find(user_id=42) == ()

    async def test_a_job_for_now_runs_after_the_save_of_its_handler(self, bots):
        done = asyncio.Event()

        async def note(context):
            ran.append(dict(context.user_data))
            done.set()

        def ask(context):
            context.job_queue.run_once(note, 0, user_id=42)
            context.user_data["asked"] = True

        async with bots.build([note], runs=True) as one:
            await one.start()
            await do(bots, one, ask)
            await asyncio.wait_for(done.wait(), 20)
            await one.stop()
        assert ran == [{"asked": True}]

    async def test_jobs_of_this_process_only_stay_ptbs(self, bots):
        async with bots.build(CALLBACKS, runs=True) as one:
            await one.start()
            job = one.job_queue.run_once(remind, 0.05, "here", job_kwargs={"jobstore": "process"})
            assert type(job).__name__ == "Job"
            await asyncio.sleep(0.3)
            await one.stop()
            assert await one.job_queue.find() == ()
        assert ran == ["here"]


async def test_a_custom_context_gets_the_job(bots, clock):
    class Context(ContextTypes.DEFAULT_TYPE):
        pass

    async def note(context):
        ran.append(type(context) is Context)

    async with bots.build([note], context_types=ContextTypes(context=Context)) as application:
        await do(bots, application, lambda context: context.job_queue.run_once(note, 60))
        assert await ticks(application, clock, 61) == 1
    assert ran == [True]
