"""Tests of several instances of a bot, each a process, behind a sender that alternates between them."""

from __future__ import annotations

import asyncio
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import PROOF_NAME
from ptb_bucket.testing.conformance.instances import Instances
from ptb_bucket.testing.conformance.store import Case
from ptb_bucket.testing.instance import STEPS
from ptb_bucket.testing.proxy import FaultProxy, SeenRequest, WireFault
from ptb_bucket.testing.several import Instance, instances

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket.offline_telegram import Group, Person
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["SeveralInstancesConformance"]

_CHAT = -100
_FAULTS = (
    WireFault.ANSWER_409,
    WireFault.ANSWER_409_AFTER,
    WireFault.ANSWER_503,
    WireFault.ANSWER_503_AFTER,
    WireFault.RESET_AFTER,
)


@contextmanager
def _way(backend: Backend, *, bad: bool) -> Iterator[tuple[str, dict[str, Any], FaultProxy | None]]:
    """Yield the URI of a place, with injected faults if wanted: in front of its server or below the persistence."""
    if not bad or not backend.server:
        yield backend.uri("bot/"), {"faults": True} if bad else {}, None
        return
    rng = random.Random(20250523)  # noqa: S311  fault injection

    def wanted(request: SeenRequest) -> bool:
        return PROOF_NAME not in request.path and rng.random() < 0.05

    with FaultProxy(backend.server) as proxy:
        for fault in _FAULTS:
            proxy.plan(fault, method="PUT", path="bot/", when=wanted, times=None)
        yield backend.uri("bot/", server=proxy.url), {}, proxy


async def _stored(uri: str, layout: str, names: tuple[str, ...] = ()) -> list[Any]:
    """Return the data that a new instance would load: bot, chat and user data, and the named conversations."""
    async with Instances(layout=layout) as opened:
        new = opened.open(uri)
        data = [await new.get_bot_data(), await new.get_chat_data(), await new.get_user_data()]
        return [*data, *[await new.get_conversations(name) for name in names]]


async def _converse(person: Person, running: list[Instance], first: int) -> None:
    """Send each step to the next instance, and check that every answer comes from the right state."""
    for number, text in enumerate(STEPS):
        instance = running[(first + number) % len(running)]
        assert await instance.send(person.message_update(text)) == [text]
    for text in ("2", "5", "8", "12"):  # all three have ended, and every instance knows
        for instance in running:
            assert await instance.send(person.message_update(text)) == ["?"]


async def _add(person: Person, chat: Group, instance: Instance, times: int) -> None:
    """Send all updates at once; as they are from one chat, they are handled one at a time, in order."""
    marks = [f"{person.name} {number}" for number in range(times)]
    updates = [person.message_update(f"/add {mark}", chat) for mark in marks]
    assert await asyncio.gather(*map(instance.send, updates)) == [[mark] for mark in marks]


class SeveralInstancesConformance(Case):
    """Tests to subclass with a fixture ``backend`` whose :meth:`Backend.uri` leads to its place."""

    PEOPLE: ClassVar[tuple[int, int]] = (4, 200)
    """The number of people who talk at once, in a short run and in a long one."""

    ADDITIONS: ClassVar[tuple[int, int]] = (10, 250)
    """The number of additions of each of 4 processes, in a short run and in a long one."""

    @pytest.fixture(
        params=[
            "single",
            pytest.param("per-type", marks=pytest.mark.long),
            pytest.param("per-record", marks=pytest.mark.detail),
        ]
    )
    def layout(self, request: pytest.FixtureRequest) -> str:
        """Return a layout, which determines the documents that instances race for."""
        return str(request.param)

    async def test_conversations_hop_between_instances(self, backend: Backend, layout: str, count: Count) -> None:
        """Three nested conversations continue on another instance at each step; ended ones stay ended."""
        uri, telegram = backend.uri("bot/"), OfflineTelegram()
        people = [telegram.user(1000 + n, f"User {n}") for n in range(count(*self.PEOPLE))]
        async with instances(3, uri, layout=layout) as running:
            await asyncio.gather(*(_converse(person, running, n) for n, person in enumerate(people)))
        _, _, users, *conversations = await _stored(uri, layout, ("outer", "middle", "inner"))
        assert conversations == [{}, {}, {}]
        steps = [int(text) for text in STEPS]
        assert users == {person.id: {"steps": steps} for person in people}

    @pytest.mark.parametrize(
        "bad", [pytest.param(False, marks=pytest.mark.long, id="without faults"), pytest.param(True, id="with faults")]
    )
    async def test_what_four_processes_add_is_all_there_once(
        self,
        backend: Backend,
        layout: str,
        count: Count,
        bad: bool,  # noqa: FBT001  a parameter of the test
    ) -> None:
        """A chat's dict, sets, lists and counters are merged, even if puts are refused or their answers get lost."""
        times, telegram = count(*self.ADDITIONS), OfflineTelegram()
        chat, people = telegram.group(_CHAT, "Friends"), [telegram.user(n, name) for n, name in enumerate("abcd", 1)]
        marks = [f"{person.name} {number}" for person in people for number in range(times)]
        with _way(backend, bad=bad) as (uri, options, proxy):
            async with instances(1, backend.uri("bot/"), layout=layout) as [
                first
            ]:  # counters count from where everybody knew them
                await _add(telegram.user(9, "first"), chat, first, 1)
            async with instances(4, uri, layout=layout, **options) as running:
                await asyncio.gather(*(_add(*who, times) for who in zip(people, [chat] * 4, running, strict=True)))
            faults = sum(request.fault is not None for request in proxy.requests) if proxy else 0
        reports = [instance.report for instance in running]
        assert sum(report["merged"] for report in reports) > 0  # it was a race
        assert (faults + sum(report["faults"] for report in reports) > 0) is bad
        self._check(["first 0", *marks], *(await _stored(backend.uri("bot/"), layout))[:2])

    @staticmethod
    def _check(marks: list[str], bot_data: Any, chats: Any) -> None:
        chat = chats[_CHAT]
        assert {key for key in chat if key not in {"log", "count"}} == bot_data["set"] == set(marks)
        assert (chat["count"], bot_data["count"]) == (len(marks), len(marks))
        for added in (chat["log"], bot_data["list"]):
            assert sorted(added, key=marks.index) == marks  # each once
            for name in "abcd":  # and in the order in which its instance received them
                own = [mark for mark in marks if mark[0] == name]
                assert [mark for mark in added if mark.startswith(f"{name} ")] == own

    async def test_an_update_that_comes_again_elsewhere_is_not_handled_again(
        self, backend: Backend, layout: str
    ) -> None:
        """With ``dedupe``, every instance recognises it."""
        uri, telegram = backend.uri("bot/"), OfflineTelegram()
        update = telegram.user(1, "a").message_update("/add a 0", telegram.group(_CHAT, "Friends"))
        async with instances(2, uri, layout=layout, dedupe=True) as running:
            answers = [await instance.send(update) for instance in (*running, *running)]
        assert answers == [["a 0"], [], [], []]
        assert (await _stored(uri, layout))[0]["count"] == 1
