"""A local AWS that checks signatures, policies and their conditions: a MiniStack from PyPI, in a separate cache.

Moto takes every condition as met. The MiniStack in this environment knows no policies, and the one that does pins a
botocore that aioboto3 cannot use.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import pytest
from local_aws import REGION, ROOT_KEYS

MINISTACK = "ministack==1.5.33"  # as in the tests of ptb-bucket-s3, which share the cache


@contextlib.contextmanager
def enforcing_aws():
    """Run the server until the context ends; yields its URL."""
    port = _free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "s3,iam,sts", "LOG_LEVEL": "ERROR"}
    environment = {**os.environ, **ROOT_KEYS, **settings, "AUTH": "true", "PYTHONPATH": str(_installed())}
    command = [sys.executable, "-m", "ministack"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def client_of(url, service, keys=ROOT_KEYS):
    """A client of the SDK; without keys, as the account's owner."""
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, **{name.lower(): value for name, value in keys.items()}
    )


def keys_with(url, policy):
    """Make a user whom a policy allows what it says, and nothing else; return the environment of their processes."""
    iam, name = client_of(url, "iam"), f"user-{os.urandom(4).hex()}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def _installed():
    cache = Path(tempfile.gettempdir()) / f"ptb-bucket-{MINISTACK}-{sys.version_info[1]}-{os.getuid()}"
    if not cache.joinpath("complete").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", cache, MINISTACK]
        if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
            pytest.skip(f"pip cannot install {MINISTACK}, the server that enforces policies, here")
        cache.joinpath("complete").touch()
    return cache


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port, process):
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("the server that enforces policies does not answer")
