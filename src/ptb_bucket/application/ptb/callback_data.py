"""Keyboards that another instance sent: added to PTB's cache, and to updates that came before them."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from telegram import CallbackQuery, Message, Update
from telegram.ext import InvalidCallbackData

from ptb_bucket.errors import CannotMergeError, UnreadableRecordError
from ptb_bucket.state import CALLBACK_QUERIES, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from telegram import InlineKeyboardButton
    from telegram.ext import CallbackDataCache
    from telegram.ext._utils.types import CDCData

    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.state import Replica

Keyboard: TypeAlias = "tuple[str, float, dict[str, Any]]"

__all__ = ["KEYBOARDS", "Keyboards"]

KEYBOARDS: Final = "_keyboard_data"
"""The attribute of CallbackDataCache that holds the keyboards, the least recently used first."""

_MOMENT: Final = 0.001
"""Seconds between two keyboards whose order no clock tells."""


class Keyboards:
    """PTB's cache of callback data, between the bucket and the handlers.

    Args:
        cache: The bot's.
    """

    def __init__(self, cache: CallbackDataCache) -> None:
        self.cache = cache
        self._staged: dict[str, float] = {}

    def needed(self, update: Update, *, invalid: bool) -> list[Record]:
        """Return the records that have to be refreshed before an update is handled.

        Args:
            update: The update.
            invalid: It contains callback data that the cache does not know.
        """
        query = update.callback_query
        uuid = self.contents()[1].get(query.id) if query else None  # PTB noted it, and will change both
        asked = [self.cache.extract_uuids(data)[0] for data in _unknown(update)] if invalid else []
        known = [uuid] if uuid else []
        return [Record.keyboard(one) for one in {*known, *asked}] + ([CALLBACK_QUERIES] if known or invalid else [])

    def holds(self, record: Record) -> bool:
        """Tell whether the cache has a keyboard."""
        return record.id in self._staged

    def stage(self, replica: Replica, stage: Callable[[Record, Any], object]) -> list[Record]:
        """Stage what changed: keyboards that are new, were used, or were dropped, and the queries.

        Args:
            replica: Knows which keyboards PTB has loaded or staged.
            stage: Stages one record and does not raise, so that a button that cannot be stored costs its keyboard only.

        Returns:
            The records of dropped keyboards.
        """
        keyboards, queries = self._current()
        current = {uuid: accessed for uuid, accessed, _ in keyboards}
        for uuid, accessed, buttons in keyboards:
            if self._staged.get(uuid) != accessed:
                stage(Record.keyboard(uuid), [accessed, buttons])
        before = replica.documents.in_ptb(Kind.CALLBACK) - {CALLBACK_QUERIES}
        dropped = [record for record in before if record.id not in current]
        for record in dropped:
            stage(record, None)
        # PTB notes a query when it arrives. The bucket's are read when it is handled, and only then it is saved.
        if replica.documents.has_read(CALLBACK_QUERIES) or CALLBACK_QUERIES in replica.values.unreadable:
            stage(CALLBACK_QUERIES, queries)
        self._staged = current
        return dropped

    def take_stored(self, replica: Replica) -> dict[Record, PTBBucketError]:
        """Take the bucket's keyboards, as the replica knows them, and keep those that are not saved yet.

        Returns:
            The errors of keyboards that cannot be decoded or merged. The cache keeps its own version of these.
        """
        live = self._live()
        return self._take({*live, *replica.documents.records(Kind.CALLBACK)}, live, replica)

    def take_stored_queries(self, replica: Replica) -> None:
        """Take only the queries, whose keyboards are known. If that fails, saving them reports the error."""
        self._take({CALLBACK_QUERIES}, self._live(), replica)

    def _live(self) -> dict[Record, Any]:
        keyboards, queries = self._current()
        live: dict[Record, Any] = {Record.keyboard(uuid): [accessed, buttons] for uuid, accessed, buttons in keyboards}
        return {**live, CALLBACK_QUERIES: queries}

    def _take(self, records: set[Record], live: dict[Record, Any], replica: Replica) -> dict[Record, PTBBucketError]:
        wanted = dict(live)
        failed: dict[Record, PTBBucketError] = {}
        for record in records:
            wanted[record] = live.get(record, MISSING)
            try:
                wanted[record] = replica.values.merge(record, wanted[record])
            except (UnreadableRecordError, CannotMergeError) as error:
                failed[record] = error
        if any(wanted[record] is not live.get(record, MISSING) for record in wanted):
            self._load(wanted)
        return failed

    def pressed(self, update: Update) -> list[Record]:
        """Return the keyboards of callback data in an update that the cache does not know, and the queries."""
        uuids = {self.cache.extract_uuids(data)[0] for data in _unknown(update)}
        return [*map(Record.keyboard, uuids), CALLBACK_QUERIES]

    def contents(self) -> CDCData:
        """Return the cache's data without using it.

        To PTB's cache, reading its ``persistence_data`` is a use of each keyboard, in the order in which they were
        made. A full cache would then drop the oldest keyboard instead of the one that was used least recently.
        """
        keyboards, queries = self.cache.persistence_data
        kept = getattr(self.cache, KEYBOARDS)
        for uuid, _, _ in sorted(keyboards, key=itemgetter(1)):
            kept[uuid]
        return keyboards, queries

    @staticmethod
    def has_invalid(update: object) -> bool:
        """Tell whether an update contains callback data that the cache did not know when it arrived."""
        if not isinstance(update, Update):
            return False
        query = update.callback_query
        return isinstance(query and query.data, InvalidCallbackData) or any(True for _ in _buttons(update))

    def resolve_again(self, update: Update) -> None:
        """Look up callback data again that the cache did not know."""
        query = update.callback_query
        data: object = query.data if query else None  # PTB's type hint knows text only
        if query and isinstance(data, InvalidCallbackData):
            probe = self._probe(query, data.callback_data or "")
            # Objects of the Bot API are frozen for users; here the update is completed before anybody has seen it.
            object.__setattr__(query, "data", probe.data)
        for button in _buttons(update):
            found = self._lookup(button.callback_data)
            if found is not None:
                button.update_callback_data(found)

    def _probe(self, query: CallbackQuery, data: str) -> CallbackQuery:
        probe = CallbackQuery(query.id, query.from_user, query.chat_instance, data=data)
        self.cache.process_callback_query(probe)
        return probe

    def _lookup(self, invalid: Any) -> Any:
        """Look callback data up without a query, because the cache would note a query that nobody sent."""
        keyboard, button = self.cache.extract_uuids(invalid.callback_data or "")
        for uuid, _, buttons in self.contents()[0]:
            if uuid == keyboard:
                return buttons.get(button)
        return None

    def _load(self, wanted: dict[Record, Any]) -> None:
        queries = wanted.pop(CALLBACK_QUERIES)
        unsaved = {uuid for uuid, _, _ in self._unsaved(self.contents()[0])}
        found = [(record.id, float(value[0]), value[1]) for record, value in wanted.items() if value is not MISSING]
        self.cache.clear_callback_data()
        self.cache.clear_callback_queries()
        # The least recently used first: they are what the cache drops when it is full.
        self.cache.load_persistence_data((sorted(found, key=itemgetter(1)), {} if queries is MISSING else queries))
        self.loaded(unsaved)

    def loaded(self, unsaved: Collection[str] = ()) -> None:
        """Note that the cache has the bucket's keyboards, apart from some that are unsaved."""
        self._staged = {uuid: time for uuid, time, _ in self.cache.persistence_data[0] if uuid not in unsaved}

    def _unsaved(self, keyboards: Iterable[Keyboard]) -> list[Keyboard]:
        """Return those that were sent or used since the last save, the earliest first."""
        return sorted((one for one in keyboards if self._staged.get(one[0]) != one[1]), key=itemgetter(1))

    def _current(self) -> tuple[list[Keyboard], dict[str, str]]:
        """Return the cache's content, in which keyboards that were sent or used here are the newest.

        The oldest are dropped from the cache and from the bucket.
        """
        content = self.contents()
        newest, late = max(self._staged.values(), default=0.0), []
        for uuid, accessed, buttons in self._unsaved(content[0]):
            if accessed <= newest:
                late.append((uuid, newest + _MOMENT, buttons))
            newest = max(accessed, newest + _MOMENT)
        if not late:
            return content
        self.cache.load_persistence_data((late, {}))
        return self.contents()


def _messages(update: Update) -> Iterator[Message]:
    """Yield the messages into which PTB inserts callback data."""
    message = update.effective_message
    if isinstance(message, Message):
        yield message
        yield from (one for one in (message.reply_to_message, message.pinned_message) if isinstance(one, Message))


def _buttons(update: Update) -> Iterator[InlineKeyboardButton]:
    for message in _messages(update):
        for row in message.reply_markup.inline_keyboard if message.reply_markup else ():
            yield from (button for button in row if isinstance(button.callback_data, InvalidCallbackData))


def _unknown(update: Update) -> Iterator[str]:
    """Yield the texts of callback data that the cache did not know."""
    query = update.callback_query
    found: list[object] = [query.data] if query else []
    found += [button.callback_data for button in _buttons(update)]
    yield from (one.callback_data for one in found if isinstance(one, InvalidCallbackData) and one.callback_data)
