"""Jobs in the bucket: any instance finds, changes and removes them, and what cannot be stored is refused."""

from __future__ import annotations

import pytest
from apscheduler.jobstores.base import ConflictingIdError

from ptb_bucket import JobCallback
from ptb_bucket.errors import ConfigurationError
from support.applications.reminders import CALLBACKS, do, fail, ran, remind, ticks


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
