"""The package that build-zip.sh makes, run as AWS runs it: unpacked, and nothing else to import from."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from running import TREE

from ptb_bucket.offline_telegram import OfflineTelegram
from support.serverless.lambda_events import HEADER, function_url

pytestmark = pytest.mark.long

SCRIPT = TREE / "examples" / "lambda-bot" / "build-zip.sh"
PROCESS = Path(__file__).with_name("lambda_process.py")
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
BUCKET, SECRET, MEGABYTE = "memory-of-zip", "a-secret-of-some-length", 1_000_000


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip of the example, for this Python instead of Lambda's newest."""
    made = tmp_path_factory.mktemp("zip") / "bot.zip"
    ran = subprocess.run([SCRIPT, made, PYTHON], capture_output=True, text=True, timeout=500, check=False)
    assert ran.returncode == 0, ran.stderr
    return made


@pytest.fixture(scope="module")
def unpacked(package):
    folder = package.parent / "task"
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    return folder


@pytest.fixture
def telegram():
    return OfflineTelegram(bot_id=424242)


@pytest.fixture
def post(unpacked, telegram, aws):
    """Send updates to a cold environment; statuses, what the bot said, and where its modules came from."""
    if platform.machine() != "x86_64":
        pytest.skip(f"the package is for x86_64; on {platform.machine()} it is built and not run")
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, value in (("token", telegram.token), ("secret", SECRET)):
        aws.client("ssm").put_parameter(Name=f"/{name}", Value=value, Type="SecureString")
    environment = {
        **aws.environment,
        "PTB_BUCKET_URI": f"s3://{BUCKET}/bot?region=eu-west-1",
        "TELEGRAM_BOT_TOKEN_PARAMETER": "/token",
        "TELEGRAM_WEBHOOK_SECRET_PARAMETER": "/secret",
    }

    def cold(*updates, secret=SECRET):
        events = json.dumps([function_url(json.dumps(update), {HEADER: secret}) for update in updates])
        # -I -S: neither this environment's packages, nor the user's, nor the current directory.
        command = [sys.executable, "-I", "-S", PROCESS, unpacked]
        ran = subprocess.run(
            command, input=events, env=environment, cwd=unpacked, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return cold


def test_lambda_takes_a_package_of_this_size(package):
    with zipfile.ZipFile(package) as opened:
        unpacked = sum(each.file_size for each in opened.infolist())
    assert package.stat().st_size < 50 * MEGABYTE
    assert unpacked < 250 * MEGABYTE


def test_the_bot_in_it_answers_and_remembers(post, telegram, unpacked):
    ada = telegram.user(42, "Ada")
    refused = post(ada.message_update("/start"), secret="wrong")
    first = post(ada.message_update("/start"), ada.message_update("Ada"))
    second = post(ada.message_update("London"), ada.message_update("/me"))
    assert [refused["statuses"], first["statuses"], second["statuses"]] == [[403], [200, 200], [200, 200]]
    assert first["said"] == ["Hello! What is your name?", "And where do you live?"]
    assert second["said"][-1] == "I know city: London, name: Ada."
    assert {"telegram", "ptb_bucket", "ptb_bucket_s3", "httpx", "handler"} <= set(second["from package"])
    assert not {"aioboto3", "aiobotocore", "aiohttp"} & set(second["from package"]), "the light client is enough"
    assert second["from elsewhere"] == []
