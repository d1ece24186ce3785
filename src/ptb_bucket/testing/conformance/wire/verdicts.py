"""Tests of a running bot whose server refuses requests until a human changes something, or does not listen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest

from ptb_bucket.errors import AccessError, StoreError, UnavailableError
from ptb_bucket.stores import open_store
from ptb_bucket.testing.conformance.instances import Instances
from ptb_bucket.testing.conformance.wire.case import OLD, WRITES, WireCase, applied, filled, prove
from ptb_bucket.testing.proxy import WireFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.proxy import FaultProxy

__all__ = ["Answer", "VerdictTests"]

_REQUIRED: Final = {"credentials expired", "permission withdrawn", "bucket deleted"}


@dataclass(frozen=True)
class Answer:
    """A cloud's answer that asks for a change by a human.

    Args:
        fault: The proxy's fault with the status.
        body: The body of the cloud's answer.
        content_type: The body's type.
        about: The expected :attr:`AccessError.about`.
    """

    fault: WireFault
    body: bytes = field(repr=False)
    content_type: str
    about: str

    def plan(self, proxy: FaultProxy) -> None:
        """Let the proxy answer every request with it from now on."""
        proxy.plan(self.fault, times=None, body=self.body, content_type=self.content_type)


class VerdictTests(WireCase):
    """Tests of refusals: an :class:`AccessError` says what to check, and nothing is lost until then."""

    ANSWERS: ClassVar[Mapping[str, Answer]] = {}
    """Event → the cloud's answer from then on. ``credentials expired``, ``permission withdrawn`` and ``bucket deleted``
    are required; add others of your cloud."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run the tests with an ``answer`` for each of the cloud's answers."""
        if "answer" in metafunc.fixturenames:
            missing = sorted(_REQUIRED - set(self.ANSWERS))
            assert not missing, f"{type(self).__name__}.ANSWERS lacks the cloud's answers to: {missing}"
            metafunc.parametrize("answer", self.ANSWERS.values(), ids=self.ANSWERS)

    @pytest.mark.detail
    async def test_every_operation_meets_every_verdict(
        self, backend: Backend, proxy: FaultProxy, answer: Answer
    ) -> None:
        """Each write is sent once and not applied, and the error says what to check."""
        await prove(backend.uri(server=proxy.url))
        async with open_store(backend.uri(server=proxy.url)) as store:
            etag = await filled(store)
            proxy.clear()
            answer.plan(proxy)
            outcomes = await self.outcomes(store, etag)
            found = {name: (type(error), getattr(error, "about", "")) for name, error in outcomes.items()}
            assert found == dict.fromkeys(self.METHODS, (AccessError, answer.about))
            sent = Counter(self.METHODS[write] for write in WRITES)
            assert {method: proxy.count(method) for method in sent} == sent
            assert await applied(backend) == dict.fromkeys(WRITES, False)
            proxy.clear()
            assert (await store.get("kept")).data == OLD

    async def test_a_verdict_loses_nothing(self, backend: Backend, proxy: FaultProxy, answer: Answer) -> None:
        """A refused change is kept and saved later, and a start meanwhile does not see an empty state."""
        uri = backend.uri("bot/", server=proxy.url)
        async with Instances() as instances:
            persistence, starting = instances.open(uri), instances.open(uri)
            await persistence.update_bot_data({"log": ["before"]})
            answer.plan(proxy)
            with pytest.raises(AccessError):
                await persistence.update_bot_data({"log": ["before", "meanwhile"]})
            assert persistence.stats.pending == ("bot_data",)
            with pytest.raises(AccessError):
                await starting.get_bot_data()
            proxy.clear()
            await persistence.flush()
            assert await starting.get_bot_data() == {"log": ["before", "meanwhile"]}

    async def test_a_verdict_after_a_lost_answer_doubles_nothing(
        self, backend: Backend, proxy: FaultProxy, answer: Answer
    ) -> None:
        """The write was applied, its answer was lost, and reads are refused; the bot finds out later."""
        async with Instances() as instances:
            persistence = instances.open(backend.uri("bot/", server=proxy.url))
            other = instances.open(backend.uri("bot/"))
            await persistence.update_bot_data({"log": ["before"]})
            proxy.plan(WireFault.RESET_AFTER, method=self.METHODS["update"])
            answer.plan(proxy)
            for log in (["before", "unclear"], ["before", "unclear", "later"]):
                with pytest.raises(AccessError):
                    await persistence.update_bot_data({"log": log})
            theirs: dict[str, Any] = await other.get_bot_data()
            assert theirs == {"log": ["before", "unclear"]}
            await other.update_bot_data({"log": [*theirs["log"], "theirs"]})
            proxy.clear()
            await persistence.flush()
            found = await instances.open(backend.uri("bot/")).get_bot_data()
            assert found == {"log": ["before", "unclear", "theirs", "later"]}

    async def test_every_operation_without_a_server_is_unavailable(self, backend: Backend, proxy: FaultProxy) -> None:
        """A refused connection is not an AccessError, because it may be tried again; nothing was applied."""
        await prove(backend.uri(server=proxy.url))
        async with open_store(backend.uri(server=proxy.url)) as store:
            etag = await filled(store)
            with proxy.refusing():
                outcomes = await self.outcomes(store, etag)
            assert {name: type(error) for name, error in outcomes.items()} == dict.fromkeys(
                self.METHODS, UnavailableError
            )
            assert all(isinstance(error, StoreError) and error.__cause__ for error in outcomes.values())
            assert await applied(backend) == dict.fromkeys(WRITES, False)
            assert (await store.get("kept")).data == OLD
