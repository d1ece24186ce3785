"""Tests of the job queue: the times and contexts of jobs, and their errors."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from telegram.ext import CallbackContext, ContextTypes, Job, JobQueue, MessageHandler, filters

from support.applications.side_by_side import ADVICE, refused, running, until

pytestmark = ADVICE
NEVER, SOON = 3600, 0.01
UTC = dt.timezone.utc


def noting(side, what, error=None):
    async def run(context):
        side.seen.append(what(context) if callable(what) else what)
        if error:
            raise error

    return run


def in_seconds(seconds):
    return dt.datetime.now(UTC) + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("when", [SOON, dt.timedelta(seconds=SOON), in_seconds, "naive"])
async def test_a_job_runs_once_at_its_time(sides, when):
    async def scenario(side):
        async with running(side.build()) as app:
            at = in_seconds(SOON)
            found = {"naive": at.replace(tzinfo=None), in_seconds: at}.get(when, when)
            app.job_queue.run_once(noting(side, lambda context: context.job.data), found, data=7)
            await until(lambda: side.seen)
            return side.seen, app.job_queue.jobs()

    assert await sides.same(scenario) == ([7], ())


async def test_a_job_repeats_until_it_is_removed(sides):
    async def scenario(side):
        async def run(context):
            side.seen.append("run")
            if len(side.seen) == 3:
                context.job.schedule_removal()

        async with running(side.build()) as app:
            job = app.job_queue.run_repeating(run, SOON, first=0.001)
            await until(lambda: len(side.seen) == 3)
            await asyncio.sleep(3 * SOON)
            return side.seen, job.removed, app.job_queue.jobs()

    assert await sides.same(scenario) == (["run"] * 3, True, ())


async def test_a_repeated_job_ends_at_its_last_time(sides):
    async def scenario(side):
        async with running(side.build()) as app:
            app.job_queue.run_repeating(noting(side, "run"), NEVER, first=SOON, last=2 * SOON)
            await until(lambda: side.seen and not app.job_queue.jobs())
            return side.seen, refused(lambda: app.job_queue.run_repeating(noting(side, 1), 1, first=2, last=1))

    assert await sides.same(scenario) == (["run"], "ValueError: 'last' must not be before 'first'!")


async def test_daily_monthly_and_custom_jobs_are_planned(sides):
    async def scenario(side):
        async with running(side.build()) as app:
            queue = app.job_queue
            daily = queue.run_daily(noting(side, 1), dt.time(3, 4, tzinfo=UTC), days=(0, 6), name="daily")
            monthly = queue.run_monthly(noting(side, 1), dt.time(3, 4, tzinfo=UTC), day=-1)
            custom = queue.run_custom(
                noting(side, "custom"), {"trigger": "date", "run_date": in_seconds(SOON)}, name="custom"
            )
            await until(lambda: side.seen)
            last_of_month = monthly.next_t + dt.timedelta(days=1)
            return side.seen, daily.next_t.isoweekday() in {6, 7}, last_of_month.day, custom.name, daily.next_t.hour

    assert await sides.same(scenario) == (["custom"], True, 1, "custom", 3)


async def test_jobs_are_found_by_name_and_pattern_and_are_equal_to_themselves(sides):
    async def scenario(side):
        async with running(side.build()) as app:
            queue = app.job_queue
            one, two = (queue.run_once(noting(side, name), NEVER, name=name) for name in ("one", "two"))
            run = noting(side, "unnamed")
            found = [
                [job.name for job in queue.jobs()],
                [job.name for job in queue.get_jobs_by_name("one")],
                [job.name for job in queue.jobs(pattern="tw")],
                queue.run_once(run, NEVER).name,
                (one == one, one == two, queue.get_jobs_by_name("one")[0] == one, hash(one) == hash(two)),  # noqa: PLR0124
            ]
            two.schedule_removal()
            return found, [job.name for job in queue.jobs()], (one.removed, two.removed, two.enabled)

    found, left, states = await sides.same(scenario)
    assert found == [["one", "two"], ["one"], ["two"], "run", (True, False, True, False)]
    assert (left, states) == (["one", "run"], (False, True, False))


async def test_a_disabled_job_does_nothing(sides):
    async def scenario(side):
        async with running(side.build()) as app:
            job = app.job_queue.run_repeating(noting(side, "run"), SOON)
            job.enabled = False
            await asyncio.sleep(4 * SOON)
            side.seen.append("enabled")
            job.enabled = True
            await until(lambda: "run" in side.seen)
            return side.seen[:2]

    assert await sides.same(scenario) == ["enabled", "run"]


@pytest.mark.parametrize("ids", [{}, {"chat_id": 42}, {"user_id": 42}, {"chat_id": 42, "user_id": 42}])
async def test_a_job_has_the_data_of_its_chat_and_user_and_what_it_changes_is_saved(sides, ids):
    async def scenario(side):
        async def handle(_update, context):
            context.user_data["n"] = context.chat_data["n"] = context.bot_data["n"] = 1

        async def run(context):
            for data in (context.bot_data, context.chat_data, context.user_data):
                if data is not None:
                    data["n"] = data.get("n", 0) + 1
            side.seen.append((context.job.chat_id, context.job.user_id, context.chat_data, context.user_data))

        async with running(side.build(MessageHandler(filters.ALL, handle))) as app:
            await side.says(app, "hi")
        async with running(side.build()) as app:
            app.job_queue.run_once(run, SOON, **ids)
            await until(lambda: side.seen)
        return side.seen, await side.stored(lambda app: (dict(app.bot_data), dict(app.chat_data), dict(app.user_data)))

    seen, stored = await sides.same(scenario)
    chat, user = (2 if "chat_id" in ids else 1), (2 if "user_id" in ids else 1)
    assert stored == ({"n": 2}, {42: {"n": chat}}, {42: {"n": user}})
    given = [{"n": 2} if name in ids else None for name in ("chat_id", "user_id")]
    assert seen == [(ids.get("chat_id"), ids.get("user_id"), *given)]


async def test_an_error_of_a_job_goes_to_the_error_handlers_with_the_job(sides):
    async def scenario(side):
        async def hear(update, context):
            side.seen.append((update, context.job.name, context.user_data))
            raise KeyError("worse")

        app = side.build()
        app.add_error_handler(hear)
        async with running(app):
            app.job_queue.run_once(noting(side, "run", ValueError("wrong")), SOON, name="mine", user_id=42)
            await until(lambda: len(side.seen) == 2)
            app.job_queue.run_once(noting(side, "next"), SOON)
            await until(lambda: len(side.seen) == 3)
        return side.seen, side.errors

    assert await sides.same(scenario) == (["run", (None, "mine", {}), "next"], ["ValueError: wrong"])


async def test_a_job_can_be_run_at_once(sides):
    async def scenario(side):
        async with running(side.build()) as app:
            job = app.job_queue.run_once(noting(side, "run"), NEVER)
            await job.run(app)
            await until(lambda: side.seen)
            return side.seen, len(app.job_queue.jobs())

    assert await sides.same(scenario) == (["run"], 1)


async def test_stop_waits_for_jobs_that_run_and_starts_no_others(sides):
    async def scenario(side):
        async def slow(_context):
            side.seen.append("begun")
            await asyncio.sleep(2 * SOON)
            side.seen.append("done")

        app = side.build()
        async with app:
            await app.start()
            app.job_queue.run_once(slow, 0)
            app.job_queue.run_once(noting(side, "never"), NEVER)
            await until(lambda: side.seen)
            await app.stop()
            return side.seen

    assert await sides.same(scenario) == ["begun", "done"]


async def test_a_job_of_before_the_start_runs_after_it(sides):
    async def scenario(side):
        app = side.build()
        app.job_queue.run_once(noting(side, "run"), 0)
        async with app:
            await asyncio.sleep(2 * SOON)
            side.seen.append("start")
            await app.start()
            await until(lambda: "run" in side.seen)
            await app.stop()
        return side.seen

    assert await sides.same(scenario) == ["start", "run"]


class _Context(CallbackContext):
    pass


class _Broken(CallbackContext):
    @classmethod
    def from_job(cls, job, application):
        raise ValueError("no context")


async def test_jobs_get_a_context_of_the_bots_class_and_one_that_cannot_be_made_ends_the_job(sides, caplog):
    async def scenario(side):
        caplog.clear()
        for cls in (_Context, _Broken):
            async with running(side.build(context_types=ContextTypes(context=cls))) as app:
                app.job_queue.run_once(noting(side, lambda context: type(context).__name__), SOON)
                await until(lambda: not app.job_queue.jobs())
                await asyncio.sleep(SOON)
        return side.seen, side.errors, [one.levelname for one in caplog.records if one.levelno > 40]

    assert await sides.same(scenario, at_once=False) == (["_Context"], [], ["CRITICAL"])


async def test_a_job_queue_of_the_bots_own_class_is_used(sides):
    class Own(JobQueue):
        def run_once(self, *args, **kwargs):
            self.asked = True
            return super().run_once(*args, **kwargs)

    async def scenario(side):
        app = side.builder().job_queue(Own()).build()
        async with running(app):
            app.job_queue.run_once(noting(side, "run"), SOON)
            await until(lambda: side.seen)
        return side.seen, type(app.job_queue) is Own, app.job_queue.asked, app.job_queue.application is app

    assert await sides.same(scenario) == (["run"], True, True, True)


async def test_what_a_scheduler_keeps_is_found_again(sides):
    async def scenario(side):
        async with running(side.build()) as app:
            job = app.job_queue.run_once(noting(side, "run"), NEVER)
            found = Job.from_aps_job(app.job_queue.scheduler.get_jobs()[0])
            return found == job, refused(lambda: job.no_such_thing).partition(":")[0]

    assert await sides.same(scenario) == (True, "AttributeError")
