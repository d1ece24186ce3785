"""The bucket is really deleted, and the permission really withdrawn, while a bot runs."""

from __future__ import annotations

import os
import urllib.request
from contextlib import asynccontextmanager

import boto3
import pytest

from ptb_bucket.testing.conformance import WithdrawnConformance

NEVER = "inf"


def ask_for_permission(moto, after):
    """Make moto check permissions after this number of requests. Until then, it allows everything."""
    url, kind = f"{moto.url}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    request = urllib.request.Request(url, str(after).encode(), kind)  # noqa: S310  our own server
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  our own server


class TestWithdrawn(WithdrawnConformance):
    @pytest.fixture
    def backend(self, moto, client, new_place, monkeypatch):
        """A bot whose user no policy allows anything."""
        place, name = new_place(moto, client=client), f"user-{os.urandom(4).hex()}"
        iam = boto3.client("iam", endpoint_url=moto.url)
        iam.create_user(UserName=name)
        keys = iam.create_access_key(UserName=name)["AccessKey"]
        iam.close()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])

        @asynccontextmanager
        async def forbidden():
            ask_for_permission(moto, 0)
            try:
                yield
            finally:
                ask_for_permission(moto, NEVER)  # or every later test on this server is refused

        place.forbidden = forbidden
        return place


@pytest.mark.long
class TestWithdrawnOnMiniStack(WithdrawnConformance):
    @pytest.fixture
    def backend(self, ministack, client, new_place):
        return new_place(ministack, client=client)
