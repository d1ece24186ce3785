"""PTB's JobQueue on the bucket: jobs run when PTB's documentation says so."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from telegram.ext import Defaults

from ptb_bucket.errors import CannotStoreError
from support.applications.reminders import CALLBACKS, do, ran, remind, ticks

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
