"""Tests of module s3 on a bucket that somebody else made: it stays as it is, and must be there, in the right region."""

from __future__ import annotations

import boto3
import pytest
from local_aws import REGION, ROOT_KEYS
from running import FailedError

pytestmark = pytest.mark.long

BUCKET = "bucket-of-somebody"
LOWER = {name.lower(): value for name, value in ROOT_KEYS.items()}


@pytest.fixture(scope="module")
def s3(aws):
    """The owner's client; the bucket has an object and no settings."""
    made = aws.client("s3")
    made.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    made.put_object(Bucket=BUCKET, Key="photos/cat.jpg", Body=b"a cat")
    return made


@pytest.fixture(scope="module")
def module(terraform):
    return terraform("modules/s3")


def variables(name):
    return {"create_bucket": False, "bucket_name": name, "force_destroy": True}


def test_only_the_policy_is_made_and_destroyed(module, aws, s3):
    module("apply", "-auto-approve", variables=variables(BUCKET))
    assert "No changes" in module.unchanged(variables(BUCKET))
    outputs = module.outputs()
    policies = aws.client("iam").list_policies(Scope="Local")["Policies"]
    assert outputs["policy_arn"] in [each["Arn"] for each in policies]
    assert outputs["bucket_uri"] == f"s3://{BUCKET}/bot?region={REGION}"
    assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)
    module("destroy", "-auto-approve", variables=variables(BUCKET))
    assert s3.get_object(Bucket=BUCKET, Key="photos/cat.jpg")["Body"].read() == b"a cat"
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=BUCKET)


def test_a_bucket_that_does_not_exist_is_refused_in_the_plan(module, s3):
    with pytest.raises(FailedError, match="bucket-of-nobody"):
        module("plan", variables=variables("bucket-of-nobody"))


def test_a_bucket_in_another_region_is_refused_in_the_plan(module, aws):
    far = boto3.client("s3", endpoint_url=aws.url, region_name="ap-south-1", **LOWER)
    far.create_bucket(Bucket="bucket-far-away", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    with pytest.raises(FailedError, match=r"The bucket bucket-far-away is in\s+ap-south-1"):
        module("plan", variables=variables("bucket-far-away"))
