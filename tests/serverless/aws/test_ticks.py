"""Tests of ticks on Lambda: a schedule's event runs the jobs that are due, and ends conversations that timed out."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ptb_bucket.errors import ConfigurationError, UnsavedError
from ptb_bucket.serverless.aws import lambda_webhook
from ptb_bucket.testing.faults import Fault
from support.serverless.lambda_events import HEADER, SECRET, SHAPES, Context, Failing, document, users
from support.serverless.running_lambda import TICK, TIMER, event

HOUR = 3600


# ---------------------------------------------------------------- in processes, one after the other


def stored(tmp_path):
    empty = {"user_data": {}, "conversations": {}}
    return {**empty, **json.loads((tmp_path / "bot" / "state.json").read_text())}


def test_a_conversation_times_out_at_a_tick_although_no_process_lives(start, tmp_path):
    one = start(JOBS=1)
    assert one.handle(event(text="/ask"))["status"] == 200
    assert stored(tmp_path)["conversations"]
    one.end()
    early = start(JOBS=1, AHEAD=HOUR - 30)
    assert early.handle(TICK)["status"] == 200
    assert stored(tmp_path)["conversations"]
    early.end()
    two = start(JOBS=1, AHEAD=HOUR + 30)
    assert two.handle(TICK)["status"] == 200
    assert stored(tmp_path)["user_data"] == {"42": {"gave_up": 1}}
    assert stored(tmp_path)["conversations"] == {}
    assert two.handle(TICK)["status"] == 200
    assert stored(tmp_path)["user_data"] == {"42": {"gave_up": 1}}
    assert "timers" not in stored(tmp_path)


def test_a_conversation_that_went_on_in_another_process_does_not_time_out(start, tmp_path):
    one, late = start(JOBS=1), start(JOBS=1, AHEAD=HOUR - 30)
    assert one.handle(event(text="/ask"))["status"] == 200
    assert late.handle(event(text="yes"))["status"] == 200
    two = start(JOBS=1, AHEAD=HOUR + 30)
    assert two.handle(TICK)["status"] == 200
    assert stored(tmp_path)["user_data"] == {}
    assert stored(tmp_path)["conversations"]


@pytest.mark.parametrize("slow", [0, 3])
def test_a_user_who_answers_at_the_moment_of_the_tick_answers_or_is_too_late(start, tmp_path, slow):
    """Exactly one of the two happens, also if the answer's handler takes longer than a timeout waits."""
    start(JOBS=1).handle(event(text="/ask"))
    ticking, answering = start(JOBS=1, AHEAD=HOUR + 30), start(JOBS=1, AHEAD=HOUR + 30, SLOW=slow)
    with ThreadPoolExecutor() as threads:
        answered = threads.submit(answering.handle, event(text="yes"))
        time.sleep(0.5 if slow else 0)  # the answer's handler has begun; in any order, one of the two happens
        ticked = threads.submit(ticking.handle, TICK)
        assert [answered.result()["status"], ticked.result()["status"]] == [200, 200]
    user, conversations = stored(tmp_path)["user_data"]["42"], stored(tmp_path)["conversations"]
    if "gave_up" in user:
        assert (user, conversations) == ({"gave_up": 1, "count": 1}, {})
    else:
        assert user == {"answered": 1}
        assert conversations
    assert len(stored(tmp_path).get("timers", {})) == len(conversations)


def test_a_job_of_one_process_runs_in_another_and_sends_its_message(start, bot_api, tmp_path):
    one = start(JOBS=1, TELEGRAM_URL=bot_api.url)
    assert one.handle(event(text="/remind"))["status"] == 200
    one.end()
    two = start(JOBS=1, TELEGRAM_URL=bot_api.url, AHEAD=700)
    del bot_api.methods[:]
    assert two.handle(TICK)["status"] == 200
    assert bot_api.methods == ["sendMessage"]
    assert stored(tmp_path)["user_data"] == {"42": {"reminded": 1}}


def test_other_events_are_for_on_timer_and_run_no_jobs(start, tmp_path):
    start(JOBS=1).handle(event(text="/remind"))
    later = start(JOBS=1, AHEAD=700)
    assert later.handle(TIMER)["status"] == 200
    assert stored(tmp_path)["bot_data"] == {"bot": {"ticks": 1}}
    assert stored(tmp_path)["user_data"] == {}
    assert later.handle(TICK)["status"] == 200
    assert stored(tmp_path)["bot_data"] == {"bot": {"ticks": 1}}
    assert stored(tmp_path)["user_data"]["42"] == {"reminded": 1}


def test_without_on_timer_every_event_of_a_schedule_is_a_tick(start, tmp_path):
    start(JOBS=1).handle(event(text="/remind"))
    assert start(JOBS=1, AHEAD=700, ON_TIMER="no").handle(TIMER)["status"] == 200
    assert stored(tmp_path)["user_data"]["42"] == {"reminded": 1}


@pytest.mark.parametrize("on_timer", ["yes", "no"])
def test_a_bot_that_keeps_no_jobs_refuses_the_tick(start, on_timer):
    process = start(ON_TIMER=on_timer)
    assert process.handle(TICK)["status"] == "ConfigurationError"
    assert process.handle()["status"] == 200


# ---------------------------------------------------------------- in this process, with faults and limits


class Ticking(Failing):
    """An environment whose handler for all messages adds a job for its user."""

    def __init__(self, directory):
        self.ran, self.jobs = [], 1
        super().__init__(directory)

    def start(self, **options):
        self.options = {"jobs": "bucket", "callbacks": [self.remind]}
        super().start(**options)

    async def count(self, update, context):
        for number in range(self.jobs):
            context.job_queue.run_once(self.remind, 60, data=number, user_id=update.effective_user.id)
        await super().count(update, context)

    async def remind(self, context):
        context.user_data.setdefault("reminded", []).append(context.job.data)
        self.ran.append(context.job.data)
        await self.work(context)

    async def work(self, context):
        """Do nothing; tests replace this."""

    def tick(self, seconds=30):
        return self.handler(TICK, Context(seconds))


@pytest.fixture
def ticking(tmp_path, monkeypatch):
    made = Ticking(tmp_path / "bot")
    made.real = time.time
    made.pass_ = lambda seconds: monkeypatch.setattr(time, "time", lambda: made.real() + seconds)
    return made


def test_a_tick_that_cannot_be_saved_raises_and_the_next_one_runs_the_job_again(ticking, tmp_path):
    """AWS shows the failure and repeats the event. The message may be sent again; the data is changed once."""
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)

    async def fail(_context):
        ticking.fail(Fault.DENIED)

    ticking.work = fail
    with pytest.raises(UnsavedError):
        ticking.tick()
    ticking.heal()
    del ticking.work
    assert users(tmp_path) == {"42": {"count": 1}}
    ticking.pass_(70 + 71)  # the claim of the run that failed has ended
    assert ticking.tick()["statusCode"] == 200
    assert users(tmp_path) == {"42": {"count": 1, "reminded": [0]}}
    assert ticking.ran == [0, 0]
    assert len(ticking.built) == 2


def test_a_claim_that_cannot_be_saved_raises_before_the_job(ticking, tmp_path):
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)
    ticking.fail(Fault.DENIED)
    with pytest.raises(Exception, match="denied"):
        ticking.tick()
    ticking.heal()
    assert ticking.ran == []
    assert ticking.tick()["statusCode"] == 200
    assert users(tmp_path) == {"42": {"count": 1, "reminded": [0]}}


def test_a_job_that_raises_does_not_fail_the_tick_and_is_tried_again(ticking, tmp_path):
    """Its error goes to the error handlers. AWS has nothing to repeat: the bucket knows when the next try is due."""
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)

    async def fail(_context):
        raise ValueError("a bug")

    ticking.work = fail
    assert ticking.tick()["statusCode"] == 200
    del ticking.work
    assert ticking.tick()["statusCode"] == 200
    assert ticking.ran == [0]
    ticking.pass_(70 + 31)
    assert ticking.tick()["statusCode"] == 200
    assert ticking.ran == [0, 0]


def test_the_time_limit_leaves_the_rest_to_the_next_tick(ticking, tmp_path, monkeypatch):
    monkeypatch.setattr("ptb_bucket.application.timers.ticker.AT_ONCE", 1)
    ticking.jobs = 8
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)

    async def slow(_context):
        await asyncio.sleep(0.5)

    ticking.work = slow
    assert ticking.tick(0.8 + 4)["statusCode"] == 200  # 2.4 s in which jobs begin
    begun = len(ticking.ran)
    assert 1 <= begun < 8
    assert len(users(tmp_path)["42"]["reminded"]) == begun
    del ticking.work
    assert ticking.tick()["statusCode"] == 200
    assert sorted(users(tmp_path)["42"]["reminded"]) == list(range(8))


def test_a_job_that_is_cut_off_raises_never_goes_on_and_runs_again(ticking, tmp_path):
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)
    late = []

    async def slow(_context):
        await asyncio.sleep(1.5)
        late.append(True)

    ticking.work = slow
    with pytest.raises(TimeoutError):
        ticking.tick(1.3)

    async def idle(_update, _context):
        await asyncio.sleep(1.5)

    del ticking.work
    ticking.jobs, ticking.hook = 0, idle
    assert ticking.post(ticking.update("hi")) == 200
    assert late == []
    assert users(tmp_path) == {"42": {"count": 2}}
    ticking.pass_(70 + 71)
    assert ticking.tick()["statusCode"] == 200
    assert users(tmp_path) == {"42": {"count": 2, "reminded": [0]}}


def test_a_timer_that_cannot_be_read_does_not_fail_every_tick(ticking, tmp_path, caplog):
    """AWS would repeat the event for ever, and nothing would change."""
    ticking.jobs = 2
    assert ticking.post(ticking.update("hi")) == 200
    state = document(tmp_path)
    damaged = next(iter(state["timers"]))
    state["timers"][damaged] = {"callback": 5}
    (tmp_path / "bot" / "state.json").write_text(json.dumps(state))
    ticking.start()
    ticking.pass_(70)
    assert ticking.tick()["statusCode"] == 200
    assert len(ticking.ran) == 1
    assert damaged in document(tmp_path)["timers"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_is_never_a_tick(ticking, shape):
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)
    request = {**shape(json.dumps(TICK), {HEADER: SECRET}), **TICK}
    assert ticking.handler(request, Context())["statusCode"] == 400
    assert ticking.ran == []


def test_a_bot_without_jobs_in_the_bucket_says_which_line_to_change(environment):
    with pytest.raises(ConfigurationError, match="jobs='bucket'"):
        environment.handler(TICK, Context())
    with pytest.raises(ConfigurationError, match="on_timer="):
        environment.handler({}, Context())
    assert environment.post(environment.update("hi")) == 200


def test_a_tick_without_context_is_run(ticking):
    assert ticking.post(ticking.update("hi")) == 200
    ticking.pass_(70)
    assert ticking.handler(TICK, None)["statusCode"] == 200
    assert ticking.ran == [0]


def test_the_arguments_are_still_functions():
    with pytest.raises(ConfigurationError, match="on_timer must be a function"):
        lambda_webhook(dict, on_timer="tick")
