"""Documents that were made to break their reader: they raise errors of ptb-bucket, not errors of Python."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
import pytest_asyncio

from ptb_bucket.errors import CannotLoadError, CorruptDocumentError, PTBBucketError
from ptb_bucket.stores import Create, MemoryStore
from ptb_bucket.testing.conformance.instances import Instances, everything

HEADER = {"format": 1, "bot_id": "123456", "codec": "json", "sequence": 0, "floor": 0, "commits": []}
DEPTHS = [500, 900, 1500, 5000, 100_000]
NESTED = {"lists": ("[", "]"), "dicts": ('{"a":', "}"), "tuples": ('{"$tuple":[', "]}"), "keys": ('{"$[":', "}")}


@pytest_asyncio.fixture
async def bots():
    """Make persistences, and close them in the end."""
    async with Instances() as instances:
        yield instances


def document(value: str) -> bytes:
    return f'{{"ptb_bucket": {json.dumps(HEADER)}, "user_data": {{"42": {value}}}}}'.encode()


async def ask(bot):
    await everything(bot)
    return (await bot.get_user_data())[42]


async def refused(bots, data, *, codec="json") -> PTBBucketError:
    """Start a bot on a document, and return the error that stops it or fails the updates of the user."""
    store = MemoryStore()
    key = "state.json" if codec == "json" else "state.pkl"
    await store.put(key, data, Create())
    bot = bots.open(store, codec=codec)
    with pytest.raises(PTBBucketError) as caught:
        await ask(bot)
    assert (await store.get(key)).data == data
    return caught.value


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("kind", NESTED)
async def test_deep_json(bots, kind, depth):
    begin, end = NESTED[kind]
    error = await refused(bots, document(begin * depth + "1" + end * depth))
    assert isinstance(error, (CannotLoadError, CorruptDocumentError))


async def test_deep_is_refused_before_python_refuses_it(bots):
    error = await refused(bots, document("[" * 450 + "]" * 450))
    assert "450" not in str(error)
    assert "more than 400 levels deep" in str(error)


async def test_what_only_looks_deep_is_loaded(bots):
    store = MemoryStore()
    words = {"x": "[" * 1000, "y": '\\"[{' * 500, "z": [[1]] * 1000}
    await bots.open(store).update_user_data(42, words)
    assert await bots.open(store).get_user_data() == {42: words}


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "1" * 5000, "NaN", "-Infinity"])
async def test_numbers_that_are_none(bots, number):
    assert isinstance(await refused(bots, document(number)), (CannotLoadError, CorruptDocumentError))


async def test_a_huge_number_of_ours_is_loaded(bots):
    store = MemoryStore()
    await bots.open(store).update_user_data(42, {"n": 10**5000})
    assert await bots.open(store).get_user_data() == {42: {"n": 10**5000}}


@pytest.mark.parametrize(
    "record_id", ["[" * 100_000, "5", "null", '{"a":1}', "x", "[]", "[[]]", "[1.5]", "[null]", "[" + "1" * 5000 + "]"]
)
async def test_conversations_that_are_none(bots, record_id):
    data = f'{{"ptb_bucket": {json.dumps(HEADER)}, "conversations": {{{json.dumps(record_id)}: 1}}}}'.encode()
    error = await refused(bots, data)
    assert len(str(error)) < 1000


async def test_ids_that_are_none(bots):
    error = await refused(bots, document("{}").replace(b'"42"', b'"' + b"4" * 5000 + b'"'))
    assert "invalid key" in str(error)
    assert len(str(error)) < 1000


@pytest.mark.parametrize(
    "first", ["[" * 100_000, '{"ptb_bucket": 5, "sections": 7}', '{"sections": [[[], 1]]}', "5" * 5000]
)
async def test_frames_with_a_bomb_in_their_first_line(bots, first):
    body = b"ptb-bucket frames\n" + first.encode() + b"\n"
    assert isinstance(
        await refused(bots, body + struct.pack(">I", zlib.crc32(body)), codec="pickle"), CorruptDocumentError
    )
