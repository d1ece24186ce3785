"""PTB's Application with PicklePersistence, and BucketApplication in each of its ways, side by side."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Update
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, PicklePersistence, filters

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import FaultyStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from telegram.ext import Application

    Scenario = Callable[["Side"], Awaitable[Any]]

ADVICE = pytest.mark.filterwarnings("ignore:(ConversationHandler|The handler) .*:UserWarning")
"""For tests of what BucketApplication advises against at its start."""

PERSISTENT = [True, pytest.param(False, marks=pytest.mark.long)]
"""Whether conversations are persistent: the others live in PTB's memory alone."""


class Side:
    """A bot that a test compares with others, on its own Telegram."""

    layout = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.telegram = OfflineTelegram()
        self.ada, self.bob = self.telegram.user(42, "Ada"), self.telegram.user(43, "Bob")
        self.seen: list[Any] = []
        self.errors: list[str] = []

    def persistence(self, mixin: type = object, **options: Any) -> Any:
        """Open this side's state once more, with a mixin before PTB's class or ours."""
        raise NotImplementedError

    def builder(self, persistence: Any = None) -> Any:
        """Start a builder on this side's state."""
        return self.telegram.builder().persistence(persistence or self.persistence())

    def build(self, *handlers: Any, mixin: type = object, **options: Any) -> Application:
        """Build an application with callback data and an error handler; ``options`` are the persistence's."""
        builder = self.builder(self.persistence(mixin, **options)).arbitrary_callback_data(arbitrary_callback_data=True)
        if "context_types" in options:
            builder.context_types(options["context_types"])
        app = builder.build()
        app.add_handlers(list(handlers))
        app.add_error_handler(self.hear)
        return app

    async def hear(self, _update: Any, context: Any) -> None:
        self.errors.append(f"{type(context.error).__name__}: {context.error}")

    def note(self, what: Any, result: Any = None) -> Any:
        """Make a handler that notes something and returns a result, or raises it."""

        async def handle(_update: Any, _context: Any) -> Any:
            self.seen.append(what)
            if isinstance(result, Exception):
                raise result
            return result

        return handle

    def update(self, text: str, who: Any = None, chat: Any = None, app: Any = None) -> Update:
        """Make an update that nobody has processed yet."""
        return Update.de_json((who or self.ada).message_update(text, chat), app and app.bot)

    async def says(self, app: Application, *texts: str, who: Any = None, **options: Any) -> list[str]:
        """Send texts one after the other, and return the texts that the bot sent."""
        return [answer.text for text in texts for answer in await (who or self.ada).send(app, text, **options)]

    async def stored(self, look: Callable[[Application], Any], *handlers: Any, **options: Any) -> Any:
        """Start once more, and look at what was loaded for Ada and Bob."""
        app = self.build(*handlers, **options)
        async with app:
            if isinstance(app, BucketApplication):
                await app.load_data(chat_ids=[42, 43, -1, -2], user_ids=[42, 43])
            return look(app)


class Pickle(Side):
    """PTB's Application, which is the model."""

    def __init__(self, path: Path) -> None:
        super().__init__("PTB")
        self._path = path

    def persistence(self, mixin: type = object, **options: Any) -> Any:
        cls = PicklePersistence if mixin is object else type(mixin.__name__, (mixin, PicklePersistence), {})
        return cls(self._path, **options)


class Bucket(Side):
    """BucketApplication in one of its ways."""

    def __init__(self, layout: str, codec: str = "json", **options: Any) -> None:
        super().__init__(" ".join([layout, codec, *(f"{key}={value}" for key, value in options.items())]))
        self._place = {"layout": layout, "codec": codec}
        self.layout = layout
        self.options = options
        self.plan: Any = lambda _operation, _key: None
        self.store = FaultyStore(MemoryStore(), lambda *what: self.plan(*what))  # noqa: PLW0108  the plan of that moment

    def persistence(self, mixin: type = object, **options: Any) -> Any:
        cls = BucketPersistence if mixin is object else type(mixin.__name__, (mixin, BucketPersistence), {})
        return cls(self.store, **self._place, **options)

    def builder(self, persistence: Any = None) -> Any:
        return super().builder(persistence).application_class(BucketApplication, dict(self.options))


class Sides:
    """The sides of a comparison, which run a scenario on new Applications and compare the results.

    Args:
        path: A folder for PTB's pickles.
        long: Run also with ``dedupe`` and with the pickle codec.
    """

    def __init__(self, path: Path, *, long: bool) -> None:
        self._files = (path / f"{number}.pickle" for number in itertools.count())
        self._long = long

    def model(self) -> Side:
        return Pickle(next(self._files))

    def ours(self) -> list[Bucket]:
        ways = [{"save": "update"}, {"save": "interval"}]
        more = [{"save": "update", "dedupe": True}, {"save": "interval", "dedupe": True}] if self._long else []
        codecs = ("json", "pickle") if self._long else ("json",)
        return [Bucket(layout, codec, **way) for way in [*ways, *more] for layout in LAYOUTS for codec in codecs]

    async def both(self, scenario: Scenario, *, at_once: bool = True) -> tuple[Any, dict[Bucket, Any]]:
        """Return what a scenario returns on PTB's Application, and on each of our Applications."""
        model, ours = await _run(scenario, self.model()), self.ours()
        if at_once:  # all runs wait at the same time
            return model, dict(zip(ours, await asyncio.gather(*(_run(scenario, side) for side in ours)), strict=True))
        return model, {side: await _run(scenario, side) for side in ours}

    async def same(self, scenario: Scenario, *, at_once: bool = True) -> Any:
        """Return what a scenario returns on PTB's Application, after checking that all our Applications agree."""
        model, ours = await self.both(scenario, at_once=at_once)
        different = [f"{side.name}: {found!r}" for side, found in ours.items() if found != model]
        assert not different, "\n".join([f"PTB: {model!r}", *different])
        return model


async def _run(scenario: Scenario, side: Side) -> Any:
    try:
        return await asyncio.wait_for(scenario(side), timeout=60)
    except Exception as error:
        raise AssertionError(f"{side.name}: {error!r}") from error


@contextlib.asynccontextmanager
async def running(app: Application) -> Any:
    """Initialize and start an application; stop it and shut it down at the end."""
    if app.job_queue:  # on a machine that is busy for a second, the scheduler would skip what is due
        settings = {**app.job_queue.scheduler_configuration, "job_defaults": {"misfire_grace_time": None}}
        app.job_queue.scheduler.configure(**settings)
    async with app:
        await app.start()
        try:
            yield app
        finally:
            await app.stop()


async def until(look: Callable[[], Any]) -> Any:
    """Wait until a condition is true."""
    while not (found := look()):  # noqa: ASYNC110  nothing rings a bell there
        await asyncio.sleep(0.002)
    return found


def refused(call: Callable[[], Any]) -> str:
    """Return the error that a call raises."""
    with pytest.raises(Exception) as raised:  # noqa: PT011  whichever it is, the other side's is the same
        call()
    return f"{type(raised.value).__name__}: {raised.value}"


async def awaited_and_refused(call: Awaitable[Any]) -> str:
    """Return the error that is raised when the result of a call is awaited."""
    with pytest.raises(Exception) as raised:  # noqa: PT011  as above
        await call
    return f"{type(raised.value).__name__}: {raised.value}"


def difference(_name: str) -> Any:
    """Mark a test with the row of ``docs/reference/differences.md`` that it shows."""
    return lambda test: test


def the_one(ours: dict[Bucket, Any]) -> Any:
    """Return the result that is the same for all BucketApplications."""
    found = list(ours.values())
    assert all(one == found[0] for one in found), {side.name: one for side, one in ours.items()}
    return found[0]


def words(*expected):
    return filters.Regex("^(" + "|".join(expected) + ")$")


def talk(side, persistent, *, fallbacks=(), entry=None, states=None, **options):
    """Make a conversation with one word for each step, which says its present step."""
    end = ConversationHandler.END
    return ConversationHandler(
        entry or [CommandHandler("go", side.note("go", 1))],
        states
        or {
            1: [MessageHandler(words("two"), side.note("two", 2)), MessageHandler(words("stay"), side.note("stay"))],
            2: [MessageHandler(words("one"), side.note("one", 1)), MessageHandler(words("end"), side.note("end", end))],
        },
        list(fallbacks),
        persistent=persistent,
        name="talk",
        **options,
    )
