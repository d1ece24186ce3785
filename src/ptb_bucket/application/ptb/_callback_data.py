"""Keyboards that another instance sent: into PTB's cache, and into updates that came before them."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from telegram import CallbackQuery, Message, Update
from telegram.ext import InvalidCallbackData

from ptb_bucket.errors import CannotMergeError, UnreadableRecordError
from ptb_bucket.state import CALLBACK_QUERIES, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telegram import InlineKeyboardButton
    from telegram.ext import CallbackDataCache
    from telegram.ext._utils.types import CDCData

    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.state import Replica

__all__ = ["KEYBOARDS", "Keyboards", "contents_of", "has_invalid", "resolve_again"]

KEYBOARDS: Final = "_keyboard_data"
"""The attribute of CallbackDataCache that holds the keyboards, the least recently used first."""


class Keyboards:
    """PTB's cache of callback data, between the bucket and the handlers.

    Args:
        cache: The bot's.
    """

    def __init__(self, cache: CallbackDataCache) -> None:
        self.cache = cache
        self._staged: dict[str, float] = {}

    def needed(self, update: Update, *, invalid: bool) -> list[Record]:
        """What has to be known of the bucket before an update is handled.

        Args:
            update: Which one.
            invalid: It holds data that the cache does not know.
        """
        query = update.callback_query
        uuid = contents_of(self.cache)[1].get(query.id) if query else None  # PTB noted it, and will change both
        asked = [self.cache.extract_uuids(data)[0] for data in _unknown(update)] if invalid else []
        known = [uuid] if uuid else []
        return [Record.keyboard(one) for one in {*known, *asked}] + ([CALLBACK_QUERIES] if known or invalid else [])

    def holds(self, record: Record) -> bool:
        """Whether the cache has a keyboard."""
        return record.id in self._staged

    def stage(self, replica: Replica, stage: Callable[[Record, Any], object]) -> list[Record]:
        """Stage what changed: keyboards that are new, were used, or were dropped, and the queries.

        Args:
            replica: Knows what PTB was given.
            stage: Stages one record and does not raise, so that a button that cannot be stored costs its keyboard only.

        Returns:
            Those that were dropped.
        """
        keyboards, queries = contents_of(self.cache)
        current = {uuid: accessed for uuid, accessed, _ in keyboards}
        for uuid, accessed, buttons in keyboards:
            if self._staged.get(uuid) != accessed:
                stage(Record.keyboard(uuid), [accessed, buttons])
        dropped = [one for one in replica.given(Kind.CALLBACK) if one.id not in current and one != CALLBACK_QUERIES]
        for record in dropped:
            stage(record, None)
        stage(CALLBACK_QUERIES, queries)
        self._staged = current
        return dropped

    def refresh(self, replica: Replica) -> dict[Record, PTBBucketError]:
        """Take over what the bucket has, and keep what it has not got yet; the replica was refreshed before.

        Returns:
            Why keyboards cannot be decoded or merged. Of these, the cache keeps what it had; all others are up to date.
        """
        keyboards, queries = contents_of(self.cache)
        live: dict[Record, Any] = {Record.keyboard(uuid): [accessed, buttons] for uuid, accessed, buttons in keyboards}
        live[CALLBACK_QUERIES] = queries
        wanted: dict[Record, Any] = {}
        failed: dict[Record, PTBBucketError] = {}
        for record in self._all(live, replica):
            wanted[record] = live.get(record, MISSING)
            try:
                wanted[record] = replica.merged(record, wanted[record])
            except (UnreadableRecordError, CannotMergeError) as error:
                failed[record] = error
        if any(wanted[record] is not live.get(record, MISSING) for record in wanted):
            self._load(wanted)
        return failed

    def pressed(self, update: Update) -> list[Record]:
        """Return the keyboards of callback data in an update that the cache does not know, and the queries."""
        uuids = {self.cache.extract_uuids(data)[0] for data in _unknown(update)}
        return [*map(Record.keyboard, uuids), CALLBACK_QUERIES]

    @staticmethod
    def _all(live: dict[Record, Any], replica: Replica) -> set[Record]:
        return {*live, *replica.records(Kind.CALLBACK)}

    def _load(self, wanted: dict[Record, Any]) -> None:
        queries = wanted.pop(CALLBACK_QUERIES)
        kept = [(record.id, float(value[0]), value[1]) for record, value in wanted.items() if value is not MISSING]
        self.cache.clear_callback_data()
        self.cache.clear_callback_queries()
        # The least recently used first: they are what the cache drops when it is full.
        self.cache.load_persistence_data((sorted(kept, key=lambda one: one[1]), {} if queries is MISSING else queries))


def contents_of(cache: CallbackDataCache) -> CDCData:
    """Return a cache's data without using it.

    To PTB's cache, reading its ``persistence_data`` is a use of each keyboard, in the order in which they were made. A
    full cache would then drop the oldest keyboard instead of the one that was used least recently.
    """
    keyboards, queries = cache.persistence_data
    kept = getattr(cache, KEYBOARDS)
    for uuid, _, _ in sorted(keyboards, key=itemgetter(1)):
        kept[uuid]
    return keyboards, queries


def _messages(update: Update) -> Iterator[Message]:
    """The messages into which PTB inserts callback data."""
    message = update.effective_message
    if isinstance(message, Message):
        yield message
        yield from (one for one in (message.reply_to_message, message.pinned_message) if isinstance(one, Message))


def _buttons(update: Update) -> Iterator[InlineKeyboardButton]:
    for message in _messages(update):
        for row in message.reply_markup.inline_keyboard if message.reply_markup else ():
            yield from (button for button in row if isinstance(button.callback_data, InvalidCallbackData))


def _unknown(update: Update) -> Iterator[str]:
    """The texts of callback data that the cache did not know."""
    query = update.callback_query
    found: list[object] = [query.data] if query else []
    found += [button.callback_data for button in _buttons(update)]
    yield from (one.callback_data for one in found if isinstance(one, InvalidCallbackData) and one.callback_data)


def has_invalid(update: object) -> bool:
    """Whether an update holds callback data that the cache did not know when it arrived."""
    if not isinstance(update, Update):
        return False
    query = update.callback_query
    return isinstance(query and query.data, InvalidCallbackData) or any(True for _ in _buttons(update))


def resolve_again(update: Update, cache: CallbackDataCache) -> None:
    """Look up once more what the cache did not know."""
    query = update.callback_query
    data: object = query.data if query else None  # PTB's type hint knows text only
    if query and isinstance(data, InvalidCallbackData):
        probe = _probe(query, data.callback_data or "", cache)
        # Objects of the Bot API are frozen for users; here the update is completed before anybody has seen it.
        object.__setattr__(query, "data", probe.data)
    for button in _buttons(update):
        found = _lookup(button.callback_data, cache)
        if found is not None:
            button.update_callback_data(found)


def _probe(query: CallbackQuery, data: str, cache: CallbackDataCache) -> CallbackQuery:
    probe = CallbackQuery(query.id, query.from_user, query.chat_instance, data=data)
    cache.process_callback_query(probe)
    return probe


def _lookup(invalid: Any, cache: CallbackDataCache) -> Any:
    """Through the cache's data: asking it about a query would note one that nobody sent."""
    keyboard, button = cache.extract_uuids(invalid.callback_data or "")
    for uuid, _, buttons in contents_of(cache)[0]:
        if uuid == keyboard:
            return buttons.get(button)
    return None
