"""Tests of run_polling and run_webhook: their steps in order, the arguments they pass on, and what ends them."""

from __future__ import annotations

import asyncio
import threading

import pytest
from telegram.error import InvalidToken
from telegram.ext import MessageHandler, Updater, filters

from support.applications.side_by_side import ADVICE

pytestmark = ADVICE
ALL = filters.ALL


async def in_a_thread(run):
    """Call ``run`` in a thread with its own event loop; return the errors that it raised."""
    found = []

    def work():
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            run()
        except BaseException as error:  # noqa: BLE001  the test looks at every error
            found.append(f"{type(error).__name__}: {error}")
        finally:
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():  # noqa: ASYNC110  nothing rings a bell there
        await asyncio.sleep(0.002)
    return found


def build(side, *handlers, but=None):
    """Build an application that notes its steps. The step ``but`` raises."""

    def step(name):
        async def run(app):
            side.seen.append((name, app.running))
            if name == but:
                raise ValueError(name)

        return run

    builder = side.builder().post_init(step("init")).post_stop(step("stop")).post_shutdown(step("shutdown"))
    app = builder.build()
    app.add_handlers(list(handlers))
    app.add_error_handler(side.hear)
    return app


def ending(side, error=None):
    async def handle(update, context):
        side.seen.append(update.effective_message.text)
        context.user_data["n"] = 1
        await asyncio.sleep(0.01)  # let everything start, because PTB's stop ends all that the loop runs
        context.application.stop_running()
        if error:
            raise error

    return MessageHandler(ALL, handle)


async def test_polling_goes_through_all_steps_and_saves(sides):
    async def scenario(side):
        app = build(side, ending(side))
        side.ada.post("hi")
        raised = await in_a_thread(lambda: app.run_polling(stop_signals=None, close_loop=True))
        return raised, side.seen, app.running, await side.stored(lambda app: dict(app.user_data))

    steps = [("init", False), "hi", ("stop", False), ("shutdown", False)]
    assert await sides.same(scenario) == ([], steps, False, {42: {"n": 1}})


async def test_an_error_of_a_handler_does_not_end_polling(sides):
    async def scenario(side):
        async def wrong(_update, _context):
            raise ValueError("wrong")

        app = build(side, MessageHandler(filters.Regex("wrong"), wrong), ending(side, KeyError("at the end")))
        side.ada.post("wrong")
        side.ada.post("hi")
        raised = await in_a_thread(lambda: app.run_polling(stop_signals=None))
        return raised, side.errors, [step for step in side.seen if isinstance(step, str)]

    assert await sides.same(scenario) == ([], ["ValueError: wrong", "KeyError: 'at the end'"], ["hi"])


@pytest.mark.parametrize("step", ["init", "stop", "shutdown"])
async def test_an_error_of_a_step_is_raised(sides, step):
    async def scenario(side):
        app = build(side, ending(side), but=step)
        side.ada.post("hi")
        raised = await in_a_thread(lambda: app.run_polling(stop_signals=None))
        return raised, side.seen, app.running

    raised, *_ = await sides.same(scenario)
    assert raised == [f"ValueError: {step}"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_a_step_may_end_the_program(sides, error):
    async def scenario(side):
        async def leave(_app):
            side.seen.append("init")
            raise error

        app = side.builder().post_init(leave).build()
        raised = await in_a_thread(lambda: app.run_polling(stop_signals=None))
        return raised, side.seen, app.running

    assert await sides.same(scenario) == ([], ["init"], False)


async def test_stop_running_in_post_init_starts_nothing(sides):
    async def scenario(side):
        async def stop(app):
            side.seen.append("init")
            app.stop_running()

        app = side.builder().post_init(stop).build()
        app.add_handler(ending(side))
        side.ada.post("hi")
        raised = await in_a_thread(lambda: app.run_polling(stop_signals=None))
        return raised, side.seen, app.running

    assert await sides.same(scenario) == ([], ["init"], False)


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_arguments_are_passed_on(sides, way, monkeypatch):
    given = {
        "polling": {"poll_interval": 1.5, "timeout": 7, "bootstrap_retries": 2, "allowed_updates": ["message"]},
        "webhook": {
            "listen": "example.org",
            "port": 8443,
            "url_path": "hook",
            "secret_token": "s",
            "max_connections": 7,
        },
    }[way] | {"drop_pending_updates": True}

    async def scenario(side):
        async def start(updater, **options):
            side.seen.append({name: options[name] for name in given})
            updater._running = True
            asyncio.get_running_loop().call_later(0.01, app.stop_running)

        async def stop(updater):
            updater._running = False

        monkeypatch.setattr(Updater, f"start_{way}", start)
        monkeypatch.setattr(Updater, "stop", stop)
        app = side.builder().build()
        raised = await in_a_thread(lambda: getattr(app, f"run_{way}")(stop_signals=None, **given))
        return raised, side.seen

    assert await sides.same(scenario, at_once=False) == ([], [given])


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_without_an_updater_there_is_nothing_to_run(sides, way):
    async def scenario(side):
        app = side.builder().updater(None).build()
        return await in_a_thread(getattr(app, f"run_{way}"))

    [error] = await sides.same(scenario)
    assert error.startswith(f"RuntimeError: Application.run_{way}")


async def test_a_wrong_token_is_raised_and_all_is_shut_down(sides):
    async def scenario(side):
        app = side.builder().build()
        side.telegram.answer("getMe", _refuse)
        return await in_a_thread(lambda: app.run_polling(stop_signals=None, bootstrap_retries=0)), app.running

    raised, is_running = await sides.same(scenario)
    assert (raised[0].startswith("InvalidToken"), is_running) == (True, False)


def _refuse(_parameters):
    raise InvalidToken("no such bot")


async def test_stop_running_of_what_does_not_run_is_no_error(sides, caplog):
    async def scenario(side):
        app = side.build()
        caplog.clear()
        app.stop_running()
        async with app:
            app.stop_running()
        return [one.message for one in caplog.records if one.levelno > 20 and "telegram" in one.name]

    assert await sides.same(scenario, at_once=False) == []
