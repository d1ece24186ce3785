"""Jobs at work: they fail and are tried again, schedule others, see their chat's data, and run in time."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ContextTypes

from ptb_bucket import JobRetry
from support.applications.reminders import CALLBACKS, do, fail, ran, remind, ticks


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
