"""A bot's whole memory, sealed: nothing above the store knows, and nobody below it can read or forge."""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging

import pytest
import pytest_asyncio

from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError, PTBBucketError, SealError
from ptb_bucket.state import LAYOUTS, Kind
from ptb_bucket.stores import MemoryStore, Update
from ptb_bucket.testing.conformance import Backend, PersistenceConformance
from ptb_bucket.testing.conformance.instances import Instances, everything
from ptb_bucket.testing.conformance.persistence import OrderStep
from support.documents.sealing_options import BOT, KEYS, MAGIC, WAYS, sealer, sealing

MARKER = "what the user wrote"
COMBINATIONS = list(itertools.product(LAYOUTS, ("json", "pickle")))
# Each way of sealing once, the strongest one everywhere; the rest tells little more.
CASES = [
    pytest.param((way, combination), marks=() if few or way == ("aes-256-gcm", "zstd") else pytest.mark.long)
    for number, way in enumerate(WAYS)
    for combination in COMBINATIONS
    for few in [combination == COMBINATIONS[number % 4]]
]


class Folder(Backend):
    """Return the files of a directory of bots."""

    def __init__(self, root):
        self._root = root

    def open(self):
        raise NotImplementedError

    def uri(self, prefix="", **_):
        return f"file:{self._root}/{prefix}"

    async def read_raw(self, key):
        return (self._root / key).read_bytes()

    async def write_raw(self, key, data):
        (self._root / key).write_bytes(data)

    async def keys_raw(self):
        files = [path.relative_to(self._root) for path in self._root.rglob("*") if path.is_file()]
        return [path.as_posix() for path in files if not path.name.startswith(".")]


class TestPersistence(PersistenceConformance):
    """Sealed stores keep the promises of plain ones."""

    test_what_cannot_be_read_is_not_taken_for_empty = None  # sealing has no part in it

    @pytest.fixture(params=CASES, ids=str)
    def case(self, request):
        return request.param

    @pytest.fixture
    def combination(self, case):
        return case[1]

    @pytest.fixture
    def backend(self, tmp_path):
        return Folder(tmp_path)

    @pytest_asyncio.fixture
    async def instances(self, case, combination):
        layout, codec = combination
        async with Instances(layout=layout, codec=codec, types=[OrderStep], sealing=sealing(*case[0])) as instances:
            yield instances


@pytest_asyncio.fixture
async def bots():
    """Persistences that are closed in the end."""
    async with Instances() as instances:
        yield instances


async def raw(store) -> dict[str, bytes]:
    return {info.key: (await store.get(info.key)).data async for info in store.list()}


async def live(bot) -> None:
    """Something of everything."""
    await asyncio.gather(
        bot.update_bot_data({MARKER: [MARKER]}),
        bot.update_chat_data(-100, {"title": MARKER}),
        bot.update_user_data(42, {MARKER: b"\0" * 1000}),
        bot.update_callback_data(([("a" * 32, 1.0, {"b": MARKER})], {"q": "a" * 32})),
        bot.update_conversation(MARKER, (42, 42), MARKER),
    )


@pytest.mark.parametrize("case", [*CASES, (("aes-256-gcm", "gzip"), ("per-record", "pickle"))], ids=str)
async def test_a_bot_runs_sealed_with_the_keys_from_the_environment(case, bots, monkeypatch):
    (protection, compression), (layout, codec) = case
    if protection != "none":
        kind = "ENCRYPTION" if protection == "aes-256-gcm" else "SIGNING"
        monkeypatch.setenv(f"PTB_BUCKET_{kind}_KEYS", ",".join(KEYS))
    uri = f"memory:{protection}-{compression}-{layout}-{codec}?layout={layout}&codec={codec}&compression={compression}"
    await live(bots.open(uri))
    again = await everything(bots.open(uri))
    assert again[:2] == [{MARKER: [MARKER]}, {-100: {"title": MARKER}}]


@pytest.mark.parametrize(("layout", "codec"), [*COMBINATIONS, ("per-record", "json")])
async def test_an_encrypted_bucket_contains_no_user_data(layout, codec, bots):
    shown = {}
    for protection in ("aes-256-gcm", "hmac-sha256"):
        store = MemoryStore()
        await live(bots.open(store, layout=layout, codec=codec, sealing=sealing(protection)))
        documents = await raw(store)
        assert len(documents) == {"single": 1, "per-type": 5, "per-record": 6}[layout]
        assert all(data.startswith(MAGIC) and BOT.encode() in data for data in documents.values())
        shown[protection] = MARKER.encode() in b"".join(documents.values())
    assert shown == {"aes-256-gcm": False, "hmac-sha256": True}


@pytest.mark.parametrize("protection", ["none", "hmac-sha256", "aes-256-gcm"])
async def test_instances_with_different_settings_write_at_once(protection, bots):
    """Bots with the same keys in another order, and with each compression, can all read the document of the winner."""
    store = MemoryStore()
    orders = itertools.permutations(KEYS) if protection != "none" else [(), (), ()]
    ways = zip(("none", "gzip", "zstd"), orders, strict=False)
    instances = [bots.open(store, sealing=sealing(protection, compression, *keys)) for compression, keys in ways]
    for one in instances:
        await everything(one)
    for turn in range(5):
        await asyncio.gather(
            *(one.update_user_data(number, {"turn": turn, "x": MARKER}) for number, one in enumerate(instances))
        )
    users = (await everything(bots.open(store, sealing=sealing(protection, None, *KEYS))))[2]
    assert users == {number: {"turn": 4, "x": MARKER} for number in range(3)}


async def test_the_next_commit_writes_as_it_is_set_now(bots):
    store = MemoryStore()
    await live(bots.open(store, sealing=sealing("hmac-sha256", "gzip", KEYS[1])))
    now = sealing("hmac-sha256", "zstd", KEYS[0], KEYS[1])
    bot = bots.open(store, sealing=now)
    await everything(bot)
    assert not now.sealer(BOT).is_current((await raw(store))["state.json"])
    await bot.update_bot_data({"changed": 1})
    assert now.sealer(BOT).is_current((await raw(store))["state.json"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("none", "hmac-sha256"),
        ("none", "aes-256-gcm"),
        ("hmac-sha256", "aes-256-gcm"),
        ("hmac-sha256", "none"),
        ("aes-256-gcm", "none"),
        ("aes-256-gcm", "hmac-sha256"),
    ],
)
async def test_no_bot_starts_on_what_is_sealed_otherwise_or_writes_over_it(before, after, bots):
    store = MemoryStore()
    await live(bots.open(store, sealing=sealing(before)))
    documents = await raw(store)
    bot = bots.open(store, sealing=sealing(after))
    with pytest.raises(SealError, match=r"version .* It was not changed"):
        await bot.get_bot_data()
    with pytest.raises(SealError):
        await bot.update_bot_data({"x": 1})
    with pytest.raises(PTBBucketError):
        await bot.flush()
    assert await raw(store) == documents


async def test_what_is_planted_under_a_running_bot_is_refused(bots):
    """It neither gets into memory, nor is it merged and sealed by us."""
    store = MemoryStore()
    bot = bots.open(store, sealing=sealing("hmac-sha256"), refresh_interval=0, commit_timeout=1)
    await bot.update_bot_data({"balance": 1})
    blob = await store.get("state.json")
    planted = sealer("hmac-sha256").open("state.json", blob.data).replace(b"1", b"9")
    await store.put("state.json", planted, Update(blob.etag))
    live_data = {"balance": 1}
    with pytest.raises(SealError):
        await bot.refresh_bot_data(live_data)
    assert live_data == {"balance": 1}
    with pytest.raises(SealError):
        await bot.update_bot_data({"balance": 2})
    assert (await raw(store))["state.json"] == planted


async def test_another_bots_document_is_refused_before_it_is_read(bots):
    store = MemoryStore()
    key = "state.json"
    await live(bots.open(store, sealing=sealing("aes-256-gcm")))
    blob = await store.get(key)
    document = sealer("aes-256-gcm").open(key, blob.data)
    await store.put(key, sealer("aes-256-gcm", bot_id="777").seal(key, document), Update(blob.etag))
    with pytest.raises(ForeignDocumentError, match="sealed for bot 777"):
        await bots.open(store, sealing=sealing("aes-256-gcm")).get_bot_data()


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
async def test_a_document_beyond_the_limit_stops_the_start_and_says_how_to_go_on(compression, bots, tmp_path):
    uri = f"file:{tmp_path}?compression={compression}"
    await live(bots.open(uri))
    with pytest.raises(CorruptDocumentError, match=r"state\.json .*larger than 500 bytes.*max_size"):
        await bots.open(f"{uri}&max_size=500").get_bot_data()
    await bots.open(f"{uri}&max_size=50000").get_bot_data()


async def test_figures_describe_the_stored_documents(bots):
    store = MemoryStore()
    bot = bots.open(store, sealing=sealing("aes-256-gcm", "zstd"))
    await bot.update_user_data(42, {"x": "a" * 10_000})
    assert bot.stats.bytes_written == len((await raw(store))["state.json"]) < 1000


async def test_no_key_and_nothing_of_the_users_is_logged_or_raised(bots, caplog):
    """Check this in a run in which everything goes wrong."""
    caplog.set_level(logging.DEBUG)
    said = []
    for protection in ("hmac-sha256", "aes-256-gcm"):
        for other in (sealing(), sealing(protection, None, KEYS[2]), sealing(protection, "gzip", *KEYS)):
            store = MemoryStore()
            await live(bots.open(store, sealing=other))
            bot = bots.open(store, sealing=sealing(protection, "zstd", *KEYS[:2]))
            try:
                await everything(bot)
                await bot.update_bot_data({"x": MARKER})
            except PTBBucketError as error:
                chain = [error, error.__cause__, error.__context__]
                said += [f"{one} {one!r} {vars(one) if one else ''}" for one in chain]
            said += [repr(bot), repr(bot._session.location), repr(bot._session), repr(bot.stats)]
            said += map(repr, bot._session.replica.documents.ledgers(Kind.BOT))
    said += [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
    for secret in (MARKER, *KEYS, *(repr(base64.b64decode(key))[2:-1] for key in KEYS)):
        assert not [text for text in said if secret in text]
    assert any("is encrypted" in text or "only what is encrypted" in text for text in said)
