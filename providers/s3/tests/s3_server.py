"""A server that runs as a process, and the side door to its buckets."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from urllib.parse import quote

import boto3
from botocore.config import Config

from ptb_bucket.stores import PROOF_NAME

NAMES = (f"bucket-{os.getpid()}-{number}" for number in itertools.count())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server as the side door sees it: another SDK than the store's."""

    def __init__(self, url: str, *, key: str = "testing", secret: str | None = None) -> None:
        self.url = url
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}, max_pool_connections=50)
        self.client = boto3.client(
            "s3", endpoint_url=url, config=config, aws_access_key_id=key, aws_secret_access_key=secret or key
        )

    def bucket(self, *, versioning: bool = False) -> str:
        """Make an empty bucket."""
        name = next(NAMES)
        self.client.create_bucket(Bucket=name)
        if versioning:
            self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def uri(self, bucket: str, prefix: str = "", **options: object) -> str:
        """The URI of a bucket here."""
        given = {"endpoint_url": self.url, "region": "us-east-1", **options}
        return f"s3://{bucket}/{prefix}?" + "&".join(f"{name}={quote(str(value))}" for name, value in given.items())

    def objects(self, bucket: str) -> list[str]:
        """Every key, the proof's too."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def keys(self, bucket: str) -> list[str]:
        """Every key of what was stored; the store's own note is none."""
        return [key for key in self.objects(bucket) if not key.endswith(PROOF_NAME)]


@contextmanager
def running(command, url, environment=None):
    """Run a server as a process until the end, and wait for it at the start."""
    process = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url, process):
    deadline = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(url.removeprefix("http://").split(":"), timeout=1):
                return
        except OSError:
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.02)
