"""Tests of the applied example lambda-bot: it answers as its role, and terraform's state has no secrets."""

from __future__ import annotations

import contextlib
import json
import time
import zipfile
from dataclasses import dataclass

import pytest
from local_aws import ACCOUNT, KEYS, REGION
from policies import Asked, allowed
from running import FailedError

from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless import setting
from ptb_bucket.serverless.aws.ticks import TICK
from support.serverless.examples import EXAMPLES, import_example
from support.serverless.lambda_events import HEADER, Context, function_url

pytestmark = pytest.mark.long

BOT = EXAMPLES / "lambda_bot"
BUCKET, TOKEN, SECRET = "memory-of-lambda", OfflineTelegram(bot_id=424242).token, "a-secret-of-some-length"


@dataclass
class Home:
    """A bot's home: how terraform made it, and what it made."""

    terraform: object
    variables: dict

    def __call__(self, command, **variables):
        return self.terraform(command, "-auto-approve", variables={**self.variables, **variables})


@pytest.fixture(scope="module")
def home(terraform, tmp_path_factory):
    package = tmp_path_factory.mktemp("package") / "bot.zip"
    with zipfile.ZipFile(package, "w") as opened:
        for name in ("bot.py", "handler.py"):
            opened.write(BOT / name, name)
    secrets = {"telegram_bot_token": TOKEN, "telegram_webhook_secret": SECRET}
    made = Home(terraform("examples/lambda-bot"), {"bucket_name": BUCKET, "zip_path": str(package), **secrets})
    made("apply")
    return made


@pytest.fixture
def environment(home, aws):
    """Return the process's environment in Lambda: terraform's variables, and the keys of terraform's role."""
    function = aws.client("lambda").get_function_configuration(FunctionName="my-bot")
    where = {name: value for name, value in aws.environment.items() if "KEY" not in name}
    return {**where, **function["Environment"]["Variables"], **aws.keys_of(function["Role"])}


@pytest.fixture
def handler(environment, monkeypatch, aws):
    """The example's own handler, as AWS imports it, before an offline Telegram; permissions are enforced."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PTB_BUCKET_INIT_SECONDS", "0")  # Telegram is replaced after the import
    # The local server would take the conditions of the bucket's policy as met and refuse everybody.
    aws.client("s3").delete_bucket_policy(Bucket=BUCKET)
    telegram = OfflineTelegram(bot_id=424242)
    module = import_example(monkeypatch, BOT, "handler", telegram)
    # Before permissions are enforced: of parameters the local server cannot tell one from another, and refuses all.
    for name in ("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET"):
        setting(name)
    with aws.enforcing():
        yield module.handler, telegram
    # Lambda freezes a process and never ends it; this one goes on, and its connections must not stay open.
    module.handler.__self__._environment._discard()


def event(update, secret):
    return function_url(json.dumps(update), {HEADER: secret})


def test_planned_again_there_is_nothing_to_do(home):
    assert "No changes" in home.terraform.unchanged(home.variables)


def test_no_secret_is_in_the_state(home, aws):
    files = [path.read_bytes() for path in home.terraform.folder.glob("*.tfstate*")]
    assert files
    assert not [text for text in files if TOKEN.encode() in text or SECRET.encode() in text]
    stored = aws.client("ssm").get_parameter(Name="/my-bot/telegram-bot-token", WithDecryption=True)["Parameter"]
    assert (stored["Value"], stored["Type"]) == (TOKEN, "SecureString")


def test_the_api_leads_to_the_function_in_time(home, aws):
    function = aws.client("lambda").get_function_configuration(FunctionName="my-bot")
    api = aws.client("apigatewayv2").get_apis()["Items"][0]
    integration = aws.client("apigatewayv2").get_integrations(ApiId=api["ApiId"])["Items"][0]
    assert function["FunctionArn"] in integration["IntegrationUri"]
    assert function["Timeout"] * 1000 < integration["TimeoutInMillis"]
    assert home.terraform.outputs()["webhook_url"] == f"{api['ApiEndpoint']}/telegram"


def test_the_role_may_read_its_secrets_and_write_its_log_and_no_more(home, aws):
    iam = aws.client("iam")
    [attached] = iam.list_attached_role_policies(RoleName="my-bot")["AttachedPolicies"]
    assert attached["PolicyArn"].endswith(f"{BUCKET}-ptb-bucket")
    policy = iam.get_role_policy(RoleName="my-bot", PolicyName="secrets-and-log")["PolicyDocument"]

    def may(action, resource):
        arn = f"arn:aws:{action.partition(':')[0]}:{REGION}:{ACCOUNT}:{resource}"
        return allowed(Asked(action, arn), identity=policy, bucket={"Statement": []})

    assert may("ssm:GetParameter", "parameter/my-bot/telegram-bot-token")
    assert may("ssm:GetParameter", "parameter/my-bot/telegram-webhook-secret")
    assert may("logs:PutLogEvents", "log-group:/aws/lambda/my-bot:log-stream:1")
    assert not may("ssm:GetParameter", "parameter/my-bot/other")
    assert not may("ssm:PutParameter", "parameter/my-bot/telegram-bot-token")
    assert not may("logs:PutLogEvents", "log-group:/aws/lambda/other:log-stream:1")


def test_the_bot_answers_as_the_role(handler, environment, aws):
    handle, telegram = handler
    ada = telegram.user(42, "Ada")
    assert handle(event(ada.message_update("/start"), "wrong"), Context())["statusCode"] == 403
    assert handle(event(ada.message_update("/start"), SECRET), Context())["statusCode"] == 200
    assert handle(event(ada.message_update("Ada"), SECRET), Context())["statusCode"] == 200
    bot = aws.client("s3", {name: value for name, value in environment.items() if name in KEYS})
    keys = [item["Key"] for item in bot.list_objects_v2(Bucket=BUCKET, Prefix="bot/")["Contents"]]
    assert "bot/state.json" in keys


def test_the_schedule_ticks(home, aws):
    """It sends the event that the bot takes for a tick, tries again, and keeps what fails in a queue."""
    schedule = aws.client("scheduler").get_schedule(Name="my-bot-ticks")
    function = aws.client("lambda").get_function_configuration(FunctionName="my-bot")
    queue = queue_of(home, aws)
    target = schedule["Target"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(1 minute)", "ENABLED")
    assert (target["Arn"], json.loads(target["Input"])) == (function["FunctionArn"], TICK)
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 120, "MaximumRetryAttempts": 2}
    assert target["DeadLetterConfig"] == {"Arn": queue}
    again = aws.client("lambda").get_function_event_invoke_config(FunctionName="my-bot")
    assert (again["MaximumRetryAttempts"], again["DestinationConfig"]) == (1, {"OnFailure": {"Destination": queue}})


def queue_of(home, aws):
    """Return the ARN of the queue of ticks that failed."""
    url = home.terraform.outputs()["failed_ticks"]
    asked = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    return aws.client("sqs").get_queue_attributes(**asked)["Attributes"]["QueueArn"]


def test_the_schedule_may_tick_and_give_up_and_no_more(home, aws):
    iam, function = aws.client("iam"), f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:my-bot"
    policy = iam.get_role_policy(RoleName="my-bot-ticks", PolicyName="tick")["PolicyDocument"]
    assert iam.list_attached_role_policies(RoleName="my-bot-ticks")["AttachedPolicies"] == []

    def may(action, arn):
        return allowed(Asked(action, arn), identity=policy, bucket={"Statement": []})

    assert may("lambda:InvokeFunction", function)
    assert may("sqs:SendMessage", queue_of(home, aws))
    assert not may("lambda:InvokeFunction", f"{function}-2")
    assert not may("lambda:UpdateFunctionCode", function)
    assert not may("sqs:ReceiveMessage", queue_of(home, aws))
    assert not may("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:other")
    trust = iam.get_role(RoleName="my-bot-ticks")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [(one["Principal"], one["Condition"]) for one in trust] == [
        ({"Service": "scheduler.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    ]


@pytest.fixture
def sent(home, aws):
    """The event that the schedule sends; asked for before permissions are enforced."""
    return json.loads(aws.client("scheduler").get_schedule(Name="my-bot-ticks")["Target"]["Input"])


def test_a_tick_of_the_schedule_ends_a_conversation_as_the_role(sent, handler, monkeypatch):
    handle, telegram = handler
    eve, real = telegram.user(77, "Eve"), time.time
    assert handle(event(eve.message_update("/start"), SECRET), Context())["statusCode"] == 200
    monkeypatch.setattr(time, "time", lambda: real() + 3700)
    assert handle(sent, Context())["statusCode"] == 200
    assert telegram.newest(eve).text == "I have not heard from you for an hour. /start begins anew."


def test_its_memory_is_encrypted_without_a_key_of_ours(home, aws):
    rules = aws.client("s3").get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def protections(s3):
    """Which of the bucket's protections are there."""
    asks = {
        "policy": s3.get_bucket_policy,
        "encryption": s3.get_bucket_encryption,
        "no public access": s3.get_public_access_block,
    }
    found = {"versions"} if s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled" else set()
    for name, ask in asks.items():
        with contextlib.suppress(s3.exceptions.ClientError):
            ask(Bucket=BUCKET)
            found.add(name)
    return found


def test_without_a_schedule_what_belongs_to_it_is_gone(home, aws):
    home("apply", tick_schedule="")
    assert aws.client("scheduler").list_schedules()["Schedules"] == []
    assert [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]] == ["my-bot"]
    assert aws.client("iam").list_role_policies(RoleName="my-bot")["PolicyNames"] == ["secrets-and-log"]
    assert "QueueUrls" not in aws.client("sqs").list_queues()
    aws.client("s3").delete_bucket_policy(Bucket=BUCKET)  # as in the fixture "handler"


def test_destroy_in_two_steps(home, aws):
    """Destroying works as the README says. This test is the last one in its file."""
    s3 = aws.client("s3")
    memory = s3.head_object(Bucket=BUCKET, Key="bot/state.json")["ETag"]
    with pytest.raises(FailedError, match="BucketNotEmpty"):
        home("destroy")
    assert protections(s3) == set()
    assert s3.head_object(Bucket=BUCKET, Key="bot/state.json")["ETag"] == memory
    home("apply", force_destroy=True)
    assert protections(s3) == {"policy", "encryption", "no public access", "versions"}
    s3.delete_bucket_policy(Bucket=BUCKET)  # as in the fixture "handler": else nobody may look
    assert s3.head_object(Bucket=BUCKET, Key="bot/state.json")["ETag"] == memory
    home("destroy", force_destroy=True)
    assert BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
