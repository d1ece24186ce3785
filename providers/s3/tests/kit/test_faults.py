"""The fault table, and that nothing below the store sends a second time."""

from __future__ import annotations

from typing import ClassVar

import pytest

from ptb_bucket.stores import open_store
from ptb_bucket.testing.conformance import Answer, FaultConformance
from ptb_bucket.testing.proxy import WireFault
from support.kept_connections import OPERATIONS, check_sent_once


def answer(fault, code, about):
    """S3's answers; only the code may be repeated."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Told.</Message></Error>"
    return Answer(fault, body.encode(), "application/xml", about)


class TestFaults(FaultConformance):
    ANSWERS: ClassVar = {
        "credentials expired": answer(WireFault.ANSWER_400, "ExpiredToken", "credentials"),
        "key withdrawn": answer(WireFault.ANSWER_403, "InvalidAccessKeyId", "credentials"),
        "permission withdrawn": answer(WireFault.ANSWER_403, "AccessDenied", "permission"),
        "wrong region": answer(WireFault.ANSWER_301, "PermanentRedirect", "bucket"),
        "bucket deleted": answer(WireFault.ANSWER_404, "NoSuchBucket", "bucket"),
    }
    # A conflict is a hint that a put has lost a race.
    LOST_RACES = frozenset({WireFault.ANSWER_409, WireFault.ANSWER_409_AFTER})

    @pytest.fixture(params=["ministack", pytest.param("moto", marks=pytest.mark.long)])
    def backend(self, request, client, new_place):
        return new_place(request.getfixturevalue(request.param), client=client)


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_kept_connection_that_breaks_is_not_used_twice(server, proxy, operation, either_client):
    """aiohttp would send PUT and DELETE again by itself; what stops it is private to aiohttp."""
    async with open_store(server.uri(server.bucket(), endpoint_url=proxy.url, client=either_client)) as store:
        await check_sent_once(store, proxy, operation)
