"""The commands of the recipes run as their pages say, as far as they can be tried without the host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile

import pytest

from support.processes.journeys import blocks
from support.processes.recipes import needs, offline
from support.serverless.asgi_server import Server
from support.serverless.examples import EXAMPLES


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
