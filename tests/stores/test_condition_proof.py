"""Tests of the proof of conditional puts, on honest, lying, peculiar and busy servers."""

from __future__ import annotations

import asyncio
import json

import pytest

from ptb_bucket.errors import AccessError, LostRaceError, UnavailableError, UnsupportedError
from ptb_bucket.stores import PROOF_NAME, ConditionProof, Create, MemoryStore, Update

SERVER = "https://objects.example"


class Server:
    """A provider's store with a fault that the test chooses."""

    def __init__(self, *, ignores=(), wants="quoted"):
        self.store = MemoryStore()
        self.ignores = ignores
        self.wants = wants
        self.reads = 0
        self.puts = []

    async def read(self, key):
        self.reads += 1
        return await self.store.get(key)

    async def send(self, key, data, mode, style):
        self.puts.append((mode, style))
        if isinstance(mode, Update) and style != self.wants:
            raise LostRaceError("412", key=key)
        if type(mode) in self.ignores:
            return await self._overwrite(key, data)
        return await self.store.put(key, data, mode)

    async def _overwrite(self, key, data):
        await self.store.delete(key)
        return await self.store.put(key, data, Create())

    def proof(self, **options):
        return ConditionProof(
            self.read, self.send, **{"server": SERVER, "home": "p/", "styles": ("quoted", "bare"), **options}
        )


async def note_of(server):
    return json.loads((await server.store.get("p/" + PROOF_NAME)).data)


async def test_an_honest_server_is_tested_once_and_remembered():
    server = Server()
    proof = server.proof()
    for _ in range(3):
        await proof.ensure()
    assert [type(mode) for mode, _ in server.puts] == [Create, Update, Update, Create, Update]
    note = await note_of(server)
    assert (note["server"], note["style"], note["state"]) == (SERVER, "quoted", "proved")
    await server.proof().ensure()
    assert (server.reads, len(server.puts)) == (2, 5)


@pytest.mark.parametrize(
    ("ignores", "condition"),
    [
        ([Create], r"with If-None-Match: \*"),
        ([Update], "with If-Match set to"),
        ([Create, Update], "with If-Match set to"),
    ],
)
async def test_a_lying_server_is_refused_by_name_every_time(ignores, condition):
    server = Server(ignores=ignores)
    for _ in range(3):
        with pytest.raises(UnsupportedError, match=condition) as caught:
            await server.proof().ensure()
        assert SERVER in str(caught.value)
        assert str(caught.value).count("p/" + PROOF_NAME) == 2
    assert (await note_of(server))["state"] != "proved"


async def test_the_spelling_of_etags_is_learnt_and_remembered():
    server = Server(wants="bare")
    first, second = server.proof(), server.proof()
    await first.ensure()
    await second.ensure()
    assert first.style == second.style == "bare"
    assert (await note_of(server))["style"] == "bare"
    assert len(server.puts) == 6


async def test_a_server_that_refuses_right_etags_is_refused():
    with pytest.raises(UnsupportedError, match="rejects valid conditional puts"):
        await Server(wants="nothing of this").proof().ensure()


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        json.dumps({"proof": 1, "server": "https://other.example", "style": "quoted", "state": "proved"}).encode(),
        json.dumps({"proof": 0, "server": SERVER, "style": "quoted", "state": "proved"}).encode(),
        json.dumps({"proof": 1, "server": SERVER, "style": "quoted", "state": "testing"}).encode(),
        json.dumps({"proof": 1, "server": SERVER, "style": "unheard of", "state": "proved"}).encode(),
    ],
)
async def test_only_this_proof_of_this_server_is_believed(note):
    server = Server()
    await server.store.put("p/" + PROOF_NAME, note, Create())
    await server.proof().ensure()
    assert len(server.puts) == 4
    assert (await note_of(server))["state"] == "proved"
    liar = Server(ignores=[Create, Update])
    await liar.store.put("p/" + PROOF_NAME, note, Create())
    with pytest.raises(UnsupportedError):
        await liar.proof().ensure()


async def test_it_can_be_proved_anew_in_every_process():
    server = Server()
    await server.proof().ensure()
    server.ignores = [Create, Update]
    await server.proof().ensure()  # believes the note
    with pytest.raises(UnsupportedError):
        await server.proof(always=True).ensure()


async def test_many_at_once_prove_it_without_hurting_each_other(count):
    for _ in range(count(5, 100)):
        server = Server(wants="bare")
        proofs = [server.proof() for _ in range(8)]
        await asyncio.gather(*(proof.ensure() for proof in proofs for _ in range(3)))
        assert {proof.style for proof in proofs} == {"bare"}


async def test_one_store_proves_once_for_all_that_wait():
    server = Server()
    proof = server.proof()
    await asyncio.gather(*(proof.ensure() for _ in range(5)))
    assert len(server.puts) == 5


class Far(Server):
    """A server with slow answers, so that other tasks run meanwhile."""

    async def read(self, key):
        await asyncio.sleep(0)
        return await super().read(key)

    async def send(self, key, data, mode, style):
        await asyncio.sleep(0)
        return await super().send(key, data, mode, style)


async def test_first_puts_at_the_same_time_wait_for_one_proof():
    server = Far()
    proof = server.proof()
    await asyncio.gather(*(proof.ensure() for _ in range(5)))
    assert (server.reads, len(server.puts)) == (1, 5)


async def test_those_that_wait_try_again_if_the_proof_that_they_wait_for_fails():
    server = Far()
    proof = server.proof()
    read, failures = server.read, [UnavailableError("no", key="x")]

    async def failing_once(key):
        await asyncio.sleep(0)
        if failures:
            raise failures.pop()
        return await read(key)

    proof._read = failing_once
    results = await asyncio.gather(*(proof.ensure() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [UnavailableError, *[type(None)] * 4]
    assert len(server.puts) == 5


@pytest.mark.parametrize("error", [AccessError, UnavailableError])
async def test_what_could_not_be_found_out_is_asked_again(error):
    server = Server()
    proof = server.proof()
    read, server.read = server.read, None

    async def failing(key):
        raise error("no", key=key)

    proof._read = failing
    with pytest.raises(error):
        await proof.ensure()
    proof._read = read
    await proof.ensure()
    assert (await note_of(server))["state"] == "proved"


async def test_endless_competition_is_no_proof_and_no_refusal(monkeypatch):
    monkeypatch.setattr("ptb_bucket.stores.conditional._PAUSES", (0, 0))
    server = Server()

    async def always_faster(key, data, mode, style):
        await server._overwrite(key, data + str(len(server.puts)).encode())
        return await Server.send(server, key, data, mode, style)

    with pytest.raises(UnavailableError, match="other clients"):
        await ConditionProof(server.read, always_faster, server=SERVER, styles=("quoted",)).ensure()


def test_the_key_of_the_note_is_reserved():
    proof = Server().proof()
    with pytest.raises(UnsupportedError):
        proof.refuse("p/" + PROOF_NAME)
    proof.refuse("p/state.json")
    proof.refuse(PROOF_NAME)


def test_works_in_one_loop_after_another():
    server = Server()
    proof = server.proof(always=True)

    async def together():
        await asyncio.gather(*(proof.ensure() for _ in range(3)))

    asyncio.run(together())
    proof._proved = False
    asyncio.run(together())
    assert proof._proved
