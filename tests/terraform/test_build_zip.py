"""The package that build-zip.sh makes, run as AWS runs it: unpacked, and nothing else to import from."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ptb_bucket.cli import main
from ptb_bucket.offline_telegram import OfflineTelegram
from support.processes.wheels import build_wheels
from support.serverless.examples import EXAMPLES
from support.serverless.lambda_events import HEADER, function_url

SCRIPT = "build-zip.sh"
EXAMPLE = EXAMPLES / "lambda_bot"
PROCESS = Path(__file__).with_name("lambda_process.py")
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
BUCKET, SECRET, MEGABYTE = "memory-of-zip", "a-secret-of-some-length", 1_000_000


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip of a new bot, for this Python instead of Lambda's newest."""
    wheels = build_wheels(tmp_path_factory.mktemp("wheels"))
    bot = tmp_path_factory.mktemp("zip") / "my-bot"
    assert main(["init", str(bot), "--target", "lambda", "--wheels", str(wheels), "--quiet"]) == 0
    made = bot / "bot.zip"
    ran = build(made, PYTHON, bot=bot)
    assert ran.returncode == 0, ran.stderr
    return made


def build(*arguments, bot=EXAMPLE, python=sys.executable):
    """Run the script with this Python, or with another one."""
    environment = {**os.environ, "PYTHON": str(python)}
    return subprocess.run(
        [bot / SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=500, check=False
    )


@pytest.fixture(scope="module")
def unpacked(package):
    """The package, unpacked in another time zone than it was made in: a zip has local times without a zone."""
    folder = package.parent.parent / "task"
    with pytest.MonkeyPatch.context() as patch, zipfile.ZipFile(package) as opened:
        patch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        opened.extractall(folder)
        for each in opened.infolist():
            os.utime(folder / each.filename, (time.mktime((*each.date_time, 0, 0, -1)),) * 2)
    time.tzset()
    return folder


@pytest.fixture
def telegram():
    return OfflineTelegram(bot_id=424242)


@pytest.fixture
def post(unpacked, telegram, aws, request):
    """Send updates to a cold environment; statuses, what the bot said, and where its modules came from."""
    if platform.machine() != "x86_64":
        pytest.skip(f"the package is for x86_64; on {platform.machine()} it is built and not run")
    s3 = aws.client("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, value in (("token", telegram.token), ("secret", SECRET)):
        aws.client("ssm").put_parameter(Name=f"/{name}", Value=value, Type="SecureString", Overwrite=True)
    environment = {
        **aws.environment,
        "PTB_BUCKET_URI": f"s3://{BUCKET}/{request.node.name}?region=eu-west-1",
        "TELEGRAM_BOT_TOKEN_PARAMETER": "/token",
        "TELEGRAM_WEBHOOK_SECRET_PARAMETER": "/secret",
    }

    def cold(*updates, secret=SECRET, options=()):
        events = json.dumps([function_url(json.dumps(update), {HEADER: secret}) for update in updates])
        # -I -S: neither this environment's packages, nor the user's, nor the current directory.
        command = [sys.executable, "-I", "-S", *options, PROCESS, unpacked]
        ran = subprocess.run(
            command, input=events, env=environment, cwd=unpacked, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return {**json.loads(ran.stdout), "log": ran.stderr}

    return cold


@pytest.mark.parametrize("python", ["/nowhere/python", sys.executable])
def test_without_a_python_of_that_version_it_refuses_and_says_what_to_do(tmp_path, python):
    ran = build(tmp_path / "bot.zip", "3.99", python=python)
    assert ran.returncode == 1
    assert "the function runs cpython 3.99. Install Python 3.99, pass the path of one (PYTHON=" in ran.stderr
    assert not (tmp_path / "bot.zip").exists()


def test_a_python_that_is_missing_is_named(tmp_path):
    ran = build(tmp_path / "bot.zip", "3.99", python=tmp_path / "python3.99")
    assert "python3.99 was not found or does not start, but the function runs cpython 3.99." in ran.stderr


def test_a_processor_that_lambda_does_not_have_is_refused(tmp_path):
    ran = build(tmp_path / "bot.zip", PYTHON, "mips")
    assert (ran.returncode, "mips is not a processor of Lambda" in ran.stderr) == (1, True)


@pytest.mark.long
def test_every_module_is_compiled_for_this_python_and_none_by_its_time(unpacked):
    sources = set(unpacked.rglob("*.py"))
    compiled = {Path(importlib.util.cache_from_source(str(source))): source for source in sources}
    assert len(sources) > 500
    assert set(unpacked.rglob("*.pyc")) == compiled.keys()
    for cache, source in compiled.items():
        head = cache.read_bytes()[:16]
        assert head[:4] == importlib.util.MAGIC_NUMBER, cache
        assert head[4:8] == (0b01).to_bytes(4, "little"), f"{cache}: a hash of the source that is not checked"
        assert head[8:] == importlib.util.source_hash(source.read_bytes()), cache


@pytest.mark.long
def test_python_compiles_nothing_at_a_cold_start(post, telegram, unpacked):
    """With -v, Python tells where the code of each module comes from."""
    ran = post(telegram.user(42, "Ada").message_update("/start"), options=("-v", "-B"))
    of_package = [line for line in ran["log"].splitlines() if "code object from" in line and str(unpacked) in line]
    assert ran["statuses"] == [200]
    assert [line for line in of_package if not line.endswith(".pyc'")] == []
    assert len(of_package) > 200


@pytest.mark.long
def test_lambda_takes_a_package_of_this_size(package):
    with zipfile.ZipFile(package) as opened:
        unpacked = sum(each.file_size for each in opened.infolist())
    assert package.stat().st_size < 50 * MEGABYTE
    assert unpacked < 250 * MEGABYTE


@pytest.mark.long
def test_the_bot_in_it_answers_and_remembers(post, telegram, unpacked):
    ada = telegram.user(42, "Ada")
    refused = post(ada.message_update("/start"), secret="wrong")
    first = post(ada.message_update("/start"), ada.message_update("Ada"))
    second = post(ada.message_update("London"), ada.message_update("/me"))
    assert [refused["statuses"], first["statuses"], second["statuses"]] == [[403], [200, 200], [200, 200]]
    assert first["said"] == ["Hello! What is your name?", "And where do you live?"]
    assert second["said"][-1] == "I know Ada from London."
    assert {"telegram", "ptb_bucket", "ptb_bucket_s3", "httpx", "handler"} <= set(second["from package"])
    assert not {"aioboto3", "aiobotocore", "aiohttp"} & set(second["from package"]), "the light client is enough"
    assert second["from elsewhere"] == []
