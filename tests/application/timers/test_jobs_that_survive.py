"""Jobs in the bucket: they run after the process that added them has gone, once, and with its data."""

from __future__ import annotations

ran = []


async def remind(context):
    ran.append((context.job.data, context.job.user_id, round(context.job.late)))
    context.user_data["reminded"] = context.user_data.get("reminded", 0) + 1


def in_an_hour(context):
    context.user_data["asked"] = True
    context.job_queue.run_once(remind, 3600, data={"tea": 1}, user_id=42)


async def test_a_job_runs_on_another_instance_after_its_own_has_gone(bots, clock):
    ran.clear()
    async with bots.build([remind], commands={"remind": in_an_hour}) as one:
        await bots.ada.send(one, "/remind")
        assert (await one.tick()).ran == 0
    clock.pass_(3599)
    async with bots.build([remind]) as two:
        assert (await two.tick()).ran == 0
        clock.pass_(2)
        assert (await two.tick()).ran == 1
        assert (await two.tick()).ran == 0
        assert two.user_data[42] == {"asked": True, "reminded": 1}
    async with bots.build([remind]) as three:
        assert (await three.tick()).ran == 0
        await three.load_data(user_ids=42)
        assert three.user_data[42] == {"asked": True, "reminded": 1}
    assert ran == [({"tea": 1}, 42, 1)]
    assert bots.errors == []
