"""The open state of one bot: its store, its replica and its commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ptb_bucket import state
from ptb_bucket._dataclass import dataclass
from ptb_bucket._wording import pluralize, said
from ptb_bucket.errors import ConfigurationError, CorruptDocumentError, StoreError, UnsavedError, VanishedDocumentError
from ptb_bucket.location import BOT_ID
from ptb_bucket.state import Kind, first_labels

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.ext import PersistenceInput

    from ptb_bucket._aio import RetryPolicy
    from ptb_bucket.location import Location
    from ptb_bucket.state import GroupCommit, Replica, Spool
    from ptb_bucket.stats import Stats
    from ptb_bucket.stores import MeteredStore

__all__ = ["BotState", "bot_id_of", "is_bot_id", "kinds_of", "open_spool"]


@dataclass(frozen=True)
class BotState:
    """The state of one bot, open.

    Args:
        bot_id: The ID of the bot.
        location: Where the state is stored.
        store: The documents as they are stored, and what they cost.
        replica: The state as this instance knows it.
        group: The commits of the replica.
    """

    bot_id: str
    location: Location
    store: MeteredStore
    replica: Replica
    group: GroupCommit

    async def load(self) -> None:
        """Read the state. See ``DocumentSet.read_all``.

        Raises:
            DocumentError: A document cannot be used. If an old version may help, the error names the command.
            StoreError: A document could not be read.
        """
        try:
            await self.replica.documents.read_all()
        except (CorruptDocumentError, VanishedDocumentError) as error:
            rescue = self.location.command("restore", self.bot_id)
            raise type(error)(
                f"{error} If old versions are kept, this restores the newest good one: {rescue}",
                key=error.key,
                etag=error.etag,
            ) from error

    async def flush(self) -> None:
        """Save everything, close the connections, and raise while anything is unsaved."""
        try:
            await self._save()
        finally:
            await self._close()

    async def _save(self) -> None:
        try:
            await self.group.finish()
        except Exception as error:
            if self.replica.pending:
                why = said(error).rstrip(".")
                raise UnsavedError(f"{self._unsaved()}: {why}.{await self.keep()}", causes=[error]) from error
            raise
        if self.replica.unstorable:
            errors = list(self.replica.unstorable.values())
            raise UnsavedError("; ".join(str(error) for error in errors), causes=errors) from errors[0]
        if self.replica.pending:
            raise UnsavedError(self._unsaved())

    async def keep(self) -> str:
        """Write unsaved changes to the spool, if there is one; return what an error adds about it."""
        spool = self.replica.documents.spool
        if spool is None:
            return ""
        try:
            async with self.group.held():
                self.replica.keep()
        except StoreError as error:
            return f" The changes could not be written to spool_dir either: {error}"
        return f" The changes are kept in {spool.files.root} and will be saved on the next start with this spool_dir."

    async def discard(self) -> None:
        """Close the connections without saving. Nothing is written later."""
        await self.group.abandon()
        await self._close()

    async def _close(self) -> None:
        if self.location.store is None:  # the caller closes a store that it passed in
            await self.store.close()

    def _unsaved(self) -> str:
        pending = self.replica.pending
        number = pluralize(len(pending), "record is", "records are")
        return f"{number} not saved ({first_labels(record.label for record in pending)})"

    def stats(self) -> Stats:
        """Return the figures of this moment."""
        from ptb_bucket.stats import collect_stats  # noqa: PLC0415  few bots ask

        return collect_stats(self.replica, self.group, self.store.meter)


def open_spool(directory: Path | None, bot_id: str, location: Location, retry_policy: RetryPolicy) -> Spool | None:
    """Return the spool of a bot in a local directory; None without one."""
    if directory is None:
        return None
    files = state.SpoolFiles(Path(str(directory).replace(BOT_ID, bot_id)), retry_policy.deadline)
    origin = state.Origin(bot_id, location.layout.name, location.codec.name, "")
    sealer = location.sealing.sealer(bot_id, times=8)
    return state.Spool(files, origin, retry_policy, sealer.seal, sealer.open)


def bot_id_of(bot: Bot) -> str:
    """Return the part of the token before the colon.

    Raises:
        ConfigurationError: The token has none. The error does not show it, because all of it may be secret.
    """
    bot_id, colon, _ = bot.token.partition(":")
    if not (colon and is_bot_id(bot_id)):
        raise ConfigurationError(
            "The bot token is invalid. A token starts with the bot ID and a colon, for example 123456:ABC..."
        )
    return bot_id


def is_bot_id(text: str) -> bool:
    """Tell whether a text is a bot's ID as Telegram writes it: a number without leading zeros."""
    return text.isascii() and text.isdigit() and text == (text.lstrip("0") or "0")


def kinds_of(store_data: PersistenceInput) -> tuple[Kind, ...]:
    """Return the kinds of data that are switched on; conversations cannot be switched off."""
    on = {
        Kind.BOT: store_data.bot_data,
        Kind.CHAT: store_data.chat_data,
        Kind.USER: store_data.user_data,
        Kind.CALLBACK: store_data.callback_data,
        Kind.UPDATES: False,  # BucketApplication adds it for dedupe=True
        Kind.TIMER: False,  # BucketApplication adds it for jobs="bucket"
    }
    return tuple(kind for kind in Kind if on.get(kind, True))
