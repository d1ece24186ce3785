"""Tests of the configurations that ``ptb-bucket init`` writes: what they name is there, and terraform applies them."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import version

import hcl2
import pytest
from local_aws import REGION
from running import TREE, Terraform

from support.serverless.examples import EXAMPLES

FOLDERS = {"lambda-bot": EXAMPLES / "lambda_bot", "cloud-run-bot": EXAMPLES / "cloud_run_bot"}
SOURCE = re.compile(r"git::https://github\.com/ptb-bucket/ptb-bucket\.git//terraform/examples/([\w-]+)\?ref=v([\w.]+)")


def names(blocks):
    return {name.strip('"'): body for block in blocks for name, body in block.items()}


def parsed(path):
    with path.open(encoding="utf-8") as file:
        return hcl2.load(file)


@pytest.mark.parametrize("module", FOLDERS)
def test_it_passes_what_the_module_needs_and_nothing_else(module):
    main = parsed(FOLDERS[module] / "terraform" / "main.tf")
    given = names(main["module"])["bot"].keys() - {"source", "__is_block__", "__comments__"}
    inputs = names(parsed(TREE / "examples" / module / "variables.tf")["variable"])
    needed = {name for name, body in inputs.items() if "default" not in body}
    assert needed <= given <= inputs.keys()
    text = (FOLDERS[module] / "terraform" / "main.tf").read_text("utf-8")
    read = set(re.findall(r"module\.bot\.(\w+)", text))
    assert read <= names(parsed(TREE / "examples" / module / "outputs.tf")["output"]).keys()


@pytest.mark.parametrize("module", FOLDERS)
def test_its_source_is_the_module_of_this_release(module):
    text = (FOLDERS[module] / "terraform" / "main.tf").read_text("utf-8")
    assert SOURCE.search(text).groups() == (module, version("ptb-bucket"))


@pytest.mark.parametrize("module", FOLDERS)
def test_it_is_formatted(module, command, tmp_path):
    made = Terraform(FOLDERS[module] / "terraform", {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    assert command
    made("fmt", "-check", "-diff")


@pytest.mark.long
def test_it_can_be_applied_and_destroyed(needs_aws, aws, tmp_path):
    made = Terraform.copied("mine/terraform", tmp_path, aws.environment)
    made.folder.mkdir(parents=True)
    text = (FOLDERS["lambda-bot"] / "terraform" / "main.tf").read_text("utf-8")
    (made.folder / "main.tf").write_text(SOURCE.sub(r"../../examples/\1", text), encoding="utf-8")
    with zipfile.ZipFile(made.folder.parent / "bot.zip", "w") as opened:
        opened.write(FOLDERS["lambda-bot"] / "handler.py", "handler.py")
    secrets = {"telegram_bot_token": "1:a", "telegram_webhook_secret": "a-secret-of-some-length"}
    made("init", "-backend=false")
    made("apply", "-auto-approve", variables=secrets)
    outputs = made.outputs()
    assert outputs["bucket_uri"] == f"s3://my-bot-memory-4711/bot?region={REGION}"
    assert outputs["webhook_url"].endswith("/telegram")
    made("destroy", "-auto-approve", variables=secrets)
