"""Terraform on copies of this repository's modules, and a local AWS for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file

from driving import OPERATIONS
from local_aws import KMS_KEY, LocalAws
from running import TERRAFORM, Terraform, missing, resource


@pytest.fixture(scope="session")
def needs_aws():
    """Return the reason why tests are skipped on this machine, for all tests at once."""
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def aws():
    """A local AWS of this session's own."""
    with LocalAws() as server:
        yield server


@pytest.fixture(scope="module")
def terraform(needs_aws, aws, tmp_path_factory):
    """``terraform("modules/s3")``: a Terraform in a fresh copy of that folder, initialised, on the local AWS."""

    def initialised(folder):
        made = Terraform.copied(folder, tmp_path_factory.mktemp("terraform"), aws.environment)
        made("init", "-backend=false")
        return made

    return initialised


@pytest.fixture(scope="module")
def planned(terraform):
    """Module s3 with all that it can grant, planned."""
    variables = {"bucket_name": "memory-of-bots", "kms_key_arn": KMS_KEY, "operations": list(OPERATIONS)}
    return terraform("modules/s3").planned(variables)


@pytest.fixture(scope="module")
def policies(planned):
    """The bot's and the bucket's policy, as planned."""
    addresses = ("aws_iam_policy.this", "aws_s3_bucket_policy.this[0]")
    bot, bucket = (resource(planned, address)["policy"] for address in addresses)
    return {"identity": json.loads(bot), "bucket": json.loads(bucket)}


@pytest.fixture(scope="session")
def command():
    """The terraform command alone; it needs no provider."""
    if TERRAFORM is None:
        pytest.skip("terraform is not installed: nothing below terraform/ is checked by it")
    return TERRAFORM
