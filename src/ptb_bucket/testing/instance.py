"""An instance of a bot as a separate process: ``python -m ptb_bucket.testing.instance URI OPTIONS``.

It reads updates as JSON lines, handles them as they come, and answers each when ``process_update`` has returned. At the
end of its input it shuts down and prints a report. :class:`ptb_bucket.testing.several.Instance` is the other side.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
from typing import TYPE_CHECKING, Any

from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketApplication, BucketPersistence, add_differences
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import Fault, FaultyStore

if TYPE_CHECKING:
    from telegram.ext import Application

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]
    AnyHandler = MessageHandler[Any, Any]

__all__ = ["STEPS", "main"]

STEPS = tuple(str(number) for number in range(1, 13))
"""The messages of the whole dialogue, which has three nested conversations."""
END = ConversationHandler.END
BAD = (Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST)


def _step(number: int, state: object = None) -> AnyHandler:
    """Return a handler that accepts a number, stores it, says it, and goes to the state of this number."""

    async def handle(update: Any, context: Any) -> object:
        context.user_data.setdefault("steps", []).append(number)
        await update.effective_chat.send_message(str(number))
        return number if state is None else state

    return MessageHandler(filters.Regex(f"^{number}$"), handle)


def _talk(name: str, entry: int, states: dict[object, list[Any]], up: int | None = None) -> ConversationHandler[Any]:
    parent: dict[object, object] | None = None if up is None else {END: up}
    return ConversationHandler([_step(entry)], states, [], name=name, persistent=True, map_to_parent=parent)


def _nested() -> ConversationHandler[Any]:
    inner = _talk("inner", 7, {7: [_step(8)], 8: [_step(9, END)]}, up=9)
    middle = _talk("middle", 4, {4: [_step(5)], 5: [_step(6)], 6: [inner], 9: [_step(10, END)]}, up=10)
    return _talk("outer", 1, {1: [_step(2)], 2: [_step(3)], 3: [middle], 10: [_step(11)], 11: [_step(12, END)]})


# Handlers answer without quoting: each process has its own Telegram, which has not seen the question.
async def _add(update: Any, context: Any) -> None:
    """Add a mark, which names the sender and a number, to all containers."""
    mark = " ".join(context.args)
    context.chat_data[mark] = True
    context.chat_data.setdefault("log", []).append(mark)
    counts = [data.get("count", 0) for data in (context.chat_data, context.bot_data)]
    await asyncio.sleep(0.001)  # as for a request: without update locks, counts would be wrong
    for data, count in zip((context.chat_data, context.bot_data), counts, strict=True):
        data["count"] = count + 1
    context.bot_data.setdefault("set", set()).add(mark)
    context.bot_data.setdefault("list", []).append(mark)
    await update.effective_chat.send_message(mark)


async def _no_idea(update: Any, _context: Any) -> None:
    await update.effective_chat.send_message("?")


class _InstanceBot:
    """The bot and its source of updates."""

    def __init__(self, uri: str, options: dict[str, Any]) -> None:
        self.telegram = OfflineTelegram()
        self.faults, self.errors = 0, []  # type: int, list[str]
        store: Any = FaultyStore(open_store(uri), self._inject_fault) if options.pop("faults", False) else uri
        own: dict[str, Any] = {"layout": options.pop("layout", None), "resolver": add_differences}
        persistence: BucketPersistence = BucketPersistence(store, commit_timeout=120, **own)
        builder = self.telegram.builder().application_class(BucketApplication, {"save": "update", **options})
        self.app = builder.persistence(persistence).build()
        self.persistence = persistence
        self.app.add_handlers([_nested(), CommandHandler("add", _add), MessageHandler(filters.ALL, _no_idea)])
        self.app.add_error_handler(self._note)

    def _inject_fault(self, operation: str, _key: str) -> Fault | None:
        """Return a fault for a fifth of all puts."""
        if operation != "put" or random.random() > 0.2:  # noqa: S311  fault injection
            return None
        self.faults += 1
        return random.choice(BAD)  # noqa: S311  fault injection

    async def _note(self, _update: object, context: Any) -> None:
        self.errors.append(repr(context.error))

    async def handle(self, line: str) -> None:
        """Process an update and answer."""
        order = json.loads(line)
        update = order["update"]
        self.telegram.server.state.know(update["message"]["chat"])
        answer = {"number": order["number"], "said": [], "error": ""}
        try:
            answer["said"] = [message.text for message in await self.telegram.deliver(self.app, update)]
        except Exception as error:  # noqa: BLE001  reported to the other side
            self.errors.append(repr(error))
        answer["error"] = " ".join(self.errors)
        _print(answer)

    async def live(self) -> None:
        """Handle updates until the input ends."""
        tasks = []
        async with self.app:
            _print({"ready": True})
            while line := await asyncio.to_thread(sys.stdin.readline):
                tasks.append(asyncio.create_task(self.handle(line)))
            await asyncio.gather(*tasks)
        _print({"report": {"merged": self.persistence.stats.conflicts_merged, "faults": self.faults}})


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run from the command line."""
    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)  # hides the warning about an empty state
    asyncio.run(_InstanceBot(sys.argv[1], json.loads(sys.argv[2])).live())


if __name__ == "__main__":
    main()
