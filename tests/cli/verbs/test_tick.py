"""Tests of ``ptb-bucket tick``, which runs due jobs with the author's own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ptb_bucket import tools
from ptb_bucket.application.timers import Ticked
from ptb_bucket.cli import main
from ptb_bucket.errors import UnavailableError
from support.processes.child_processes import MAY_BE_PRELOADED
from support.processes.preloaded import preloading

programs_are_preloaded = preloading("telegram.ext")

BOT = '''
"""A bot as its author writes it."""
import os
from datetime import datetime, timedelta, timezone

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram

telegram = OfflineTelegram()
JOBS = {"jobs": "bucket"}


async def remind(context):
    context.user_data["reminded"] = context.user_data.get("reminded", 0) + 1


async def fail(context):
    raise ValueError("private words")


async def note(update, context):
    context.bot_data["errors"] = context.bot_data.get("errors", 0) + 1


def build_application():
    if os.environ.get("TROUBLE") == "raise":
        raise KeyError("private words")
    options = {} if os.environ.get("TROUBLE") == "no jobs" else {"jobs": "bucket", "callbacks": [remind, fail]}
    builder = bucket_application(os.environ.get("OWN_URI"), save="update", **options)
    application = telegram.connect(builder).build()
    application.add_error_handler(note)
    return application


def build_builder():
    return telegram.connect(bucket_application(jobs="bucket", callbacks=[remind, fail]))


async def add(callback, number):
    async with build_application() as application:
        due = datetime.now(timezone.utc) - timedelta(seconds=5)
        for _ in range(number):
            application.job_queue.run_once(callback, due, user_id=42)
        application.bot_data["added"] = True
'''


@pytest.fixture
def uri(tmp_path, monkeypatch):
    monkeypatch.delenv("OWN_URI", raising=False)
    monkeypatch.delenv("TROUBLE", raising=False)
    monkeypatch.delenv("PTB_BUCKET_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_bot.py").write_text(BOT)
    return f"file:{tmp_path}/bucket"


def run(*words, **environment):
    command = [sys.executable, "-m", "ptb_bucket.cli", "tick", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    assert "private words" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def add(uri, callback="remind", number=1):
    code = f"{MAY_BE_PRELOADED}import asyncio, my_bot; asyncio.run(my_bot.add(my_bot.{callback}, {number}))"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PTB_BUCKET_URI": uri})


def state(tmp_path):
    return json.loads((tmp_path / "bucket" / "state.json").read_text())


APP = ("--app", "my_bot:build_application")


@pytest.mark.parametrize("how", ["argument", "environment", "its own"])
def test_due_jobs_run_and_are_saved(uri, tmp_path, how):
    add(uri, number=2)
    words = (uri,) if how == "argument" else ()
    environment = {"environment": {"PTB_BUCKET_URI": uri}, "its own": {"OWN_URI": uri}}.get(how, {})
    assert run(*words, *APP, **environment) == (0, "2 jobs ran\n", "")
    assert state(tmp_path)["user_data"] == {"42": {"reminded": 2}}
    assert "timers" not in state(tmp_path)
    assert run(*words, *APP, **environment) == (0, "0 jobs ran\n", "")


def test_a_builder_will_do_too(uri, tmp_path):
    add(uri)
    assert run(uri, "--app", "my_bot:build_builder", "-q") == (0, "", "")
    assert state(tmp_path)["user_data"] == {"42": {"reminded": 1}}


def test_json(uri):
    add(uri)
    code, out, _ = run(uri, *APP, "--json")
    assert (code, json.loads(out)) == (0, {"ran": 1, "left": False, "errors": []})


def test_without_time_they_are_left(uri, tmp_path):
    add(uri)
    code, out, _ = run(uri, *APP, "--seconds", "0")
    assert (code, out.splitlines()[0]) == (0, "0 jobs ran")
    assert "left for the next tick" in out
    assert run(uri, *APP)[1] == "1 job ran\n"


def test_a_job_that_raises_goes_to_the_error_handlers_and_stays(uri, tmp_path):
    add(uri, "fail")
    assert run(uri, *APP) == (0, "1 job ran\n", "")
    assert state(tmp_path)["bot_data"]["bot"] == {"added": True, "errors": 1}
    assert len(state(tmp_path)["timers"]) == 1


def test_two_at_once_run_a_job_once(uri, tmp_path):
    add(uri, number=3)
    command = [sys.executable, "-m", "ptb_bucket.cli", "tick", uri, *APP]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert sum(int(text.split()[0]) for text in said) == 3
    assert state(tmp_path)["user_data"] == {"42": {"reminded": 3}}


# ---------------------------------------------------------------- what is wrong


def fails(*words, code=2, **environment):
    found, out, err = run(*words, **environment)
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert err.startswith("ptb-bucket: ")
    return err


def test_an_application_with_another_place_is_refused(uri, tmp_path):
    add(uri)
    said = fails(f"file:{tmp_path}/other", *APP, OWN_URI=uri)
    assert f"{tmp_path}/bucket" in said
    assert f"{tmp_path}/other" in said
    assert run(uri, *APP, OWN_URI=uri)[:2] == (0, "1 job ran\n")


def test_another_spelling_of_its_place_is_not_refused(uri):
    add(uri)
    assert run(uri, *APP, OWN_URI="file:./bucket?keep=3")[:2] == (0, "1 job ran\n")


@pytest.mark.parametrize(
    ("app", "words"),
    [("no_bot:build", "no_bot"), ("my_bot:nothing", "nothing"), ("my_bot", "MODULE:NAME"), ("my_bot:JOBS", "function")],
)
def test_an_app_that_is_none(uri, app, words):
    assert words in fails(uri, "--app", app)


def test_an_app_is_needed(uri):
    assert "--app" in fails(uri)


def test_a_bot_without_jobs_in_the_bucket(uri):
    assert "jobs='bucket'" in fails(uri, *APP, TROUBLE="no jobs")


def test_an_error_of_the_author_is_one_line_that_names_its_place(uri):
    assert "KeyError at " in fails(uri, *APP, code=1, TROUBLE="raise")


def test_a_module_that_raises(uri, tmp_path):
    (tmp_path / "broken_bot.py").write_text("raise ValueError('a bug')")
    assert "broken_bot.py, line 1" in fails(uri, "--app", "broken_bot:build")


def test_a_wrong_uri(uri):
    assert "scheme" in fails("ftp//x", *APP)
    assert "option 'colour'" in fails(f"{uri}?colour=red", *APP)


def test_a_damaged_document(uri, tmp_path):
    add(uri)
    (tmp_path / "bucket" / "state.json").write_text("{")
    assert "state.json" in fails(uri, *APP, code=1)


def test_a_timer_that_cannot_be_run_is_reported(uri, monkeypatch, capsys):
    async def tick(*_, **__):
        return Ticked(ran=2, errors=[UnavailableError("x.json is not available."), UnavailableError("y.json")])

    monkeypatch.setitem(sys.modules, "my_bot", None)  # as absent afterwards as before
    monkeypatch.delitem(sys.modules, "my_bot")
    monkeypatch.setattr(tools, "tick", tick)
    assert main(["tick", *APP]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("2 jobs ran\n", 1)
    assert "2 timers are due but could not be run. First error: x.json is not available." in err


def test_an_unknown_option(capsys):
    assert main(["tick", "--app", "x:y", "--second", "3"]) == 2
    assert "--seconds" in capsys.readouterr().err


def test_a_name_in_the_bucket_is_never_imported(uri, tmp_path):
    """The bucket names a module of the bot's directory. Nothing imports it."""
    add(uri)
    (tmp_path / "planted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    document = state(tmp_path)
    for timer in document["timers"].values():
        timer["callback"] = "planted:run"
    (tmp_path / "bucket" / "state.json").write_text(json.dumps(document))
    assert run(uri, *APP)[1] == "0 jobs ran\n"
    assert not (tmp_path / "ran").exists()
