"""In the middle of a life: credentials expire, permissions are withdrawn, the bucket goes or moves, nobody listens."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.testing.proxy import WireFault
from ptb_bucket.testing.telegram import OfflineTelegram

VERDICTS = {
    "credentials expired": (WireFault.ANSWER_400, "ExpiredToken", AccessError),
    "key withdrawn": (WireFault.ANSWER_403, "InvalidAccessKeyId", AccessError),
    "permission withdrawn": (WireFault.ANSWER_403, "AccessDenied", AccessError),
    "wrong region": (WireFault.ANSWER_301, "PermanentRedirect", AccessError),
    "bucket deleted": (WireFault.ANSWER_404, "NoSuchBucket", AccessError),
}


@contextlib.asynccontextmanager
async def life(uri):
    """A persistence with a bot, closed in the end."""
    persistence = BucketPersistence(uri)
    persistence.set_bot(OfflineTelegram().builder().build().bot)
    yield persistence
    await persistence.flush()


async def bot_data_at(uri):
    async with life(uri) as persistence:
        return await persistence.get_bot_data()


def body(code):
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>hunter2</Message></Error>".encode()


async def goes_on(persistence, error, mend):
    """What changes meanwhile is told, kept, and saved when all is well again."""
    with pytest.raises(error) as told:
        await persistence.update_bot_data({"n": 2})
    assert persistence.stats.pending == ("bot_data",)
    mend()
    await persistence.flush()
    return str(told.value)


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
@pytest.mark.parametrize(("fault", "code", "error"), VERDICTS.values(), ids=VERDICTS)
async def test_what_a_human_has_to_change_is_an_access_error_and_nothing_is_lost(server, proxy, fault, code, error):
    bucket = server.bucket()
    async with life(server.uri(bucket, endpoint_url=proxy.url)) as persistence:
        await persistence.update_bot_data({"n": 1})
        proxy.plan(fault, times=None, body=body(code), content_type="application/xml")
        await goes_on(persistence, error, proxy.clear)
        assert await bot_data_at(server.uri(bucket)) == {"n": 2}


class Relay:
    """A port that is listened at, until it is not."""

    def __init__(self, port, target):
        self.port, self.target, self.writers = port, target, []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.05)

    async def _serve(self, reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers += [writer, back]
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer), return_exceptions=True)

    @staticmethod
    async def _pump(source, sink):
        while data := await source.read(65536):
            sink.write(data)
        sink.close()


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
async def test_a_refused_connection_says_nothing_of_the_outcome_and_nothing_is_lost(server, unused_tcp_port):
    """Something listens, stops, and listens again, as when a server restarts."""
    bucket, target = server.bucket(), int(server.url.rpartition(":")[2].strip("/"))
    async with life(server.uri(bucket, endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")) as persistence:
        patience = persistence._open.replica.patience
        patience.deadline = 30
        async with Relay(unused_tcp_port, target):
            await persistence.update_bot_data({"n": 1})
        patience.deadline = 0.5
        with pytest.raises(UnavailableError):
            await persistence.update_bot_data({"n": 2})
        patience.deadline = 30
        async with Relay(unused_tcp_port, target):
            await persistence.flush()
        assert await bot_data_at(server.uri(bucket)) == {"n": 2}
