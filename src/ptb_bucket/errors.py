"""The one tree of errors, sorted by what the caller does next.

Every message says what failed, on which object or record, and what to do. Values of users never appear in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AccessError",
    "BrokenSealError",
    "CannotLoadError",
    "CannotMergeError",
    "CannotStoreError",
    "ConfigurationError",
    "CorruptDocumentError",
    "DocumentError",
    "ForeignDocumentError",
    "LostRaceError",
    "NewerDocumentError",
    "NotFoundError",
    "PTBBucketError",
    "RefusedError",
    "SealError",
    "StoreError",
    "UnavailableError",
    "UnreadableRecordError",
    "UnsavedError",
    "UnsupportedError",
    "VanishedDocumentError",
    "WrongShapeError",
    "pluralize",
    "said",
]

_NEEDED_BY_ALL: Final = frozenset({"bot_data", "updates[handled]"})
"""Labels of records that every update needs."""


class PTBBucketError(Exception):
    """The root: ``except PTBBucketError`` catches whatever this project raises on purpose."""


class ConfigurationError(PTBBucketError, ValueError):
    """A URI, an option or an argument is wrong. Nothing was read or written; correct it."""


class RefusedError(PTBBucketError):
    """A tool was asked for what might lose something, and did nothing. The message says how to insist."""


class StoreError(PTBBucketError):
    """A store could not do what it was asked to.

    Args:
        message: What failed and what to do about it.
        key: The object that it was about, where there is one.
    """

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class NotFoundError(StoreError):
    """There is no object under that key. The only failure that means "empty"."""


class LostRaceError(StoreError):
    """A precondition did not hold: the object has changed, exists already, or is gone.

    Only a hint: it may be our own write whose answer was lost. The replica finds out.
    """


class AccessError(StoreError):
    """Access denied or misconfigured: a human has to change a permission or a setting. Nothing was applied.

    Args:
        message: What failed and what to do about it.
        key: The object that it was about, where there is one.
        about: Where to look: ``permission``, ``credentials``, ``bucket`` (it does not exist, or is elsewhere) or
            ``server`` (its address, or that of something on the way). ``ptb-bucket check`` sorts by it.
    """

    def __init__(
        self,
        message: str,
        *,
        key: str | None = None,
        about: Literal["permission", "credentials", "bucket", "server"] = "permission",
    ) -> None:
        super().__init__(message, key=key)
        self.about = about


class UnavailableError(StoreError):
    """The store did not answer, or not usefully. A read may be repeated; of a put, the outcome is unknown."""


class UnsupportedError(StoreError):
    """This store cannot do that at all. Asking again does not help."""


class DocumentError(PTBBucketError):
    """An object in the bucket cannot be used as this bot's state. It is never overwritten.

    Args:
        message: What is wrong with it and what to do about it.
        key: The object's key.
        etag: Which version of it was read.
    """

    def __init__(self, message: str, *, key: str | None = None, etag: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.etag = etag


class CorruptDocumentError(DocumentError):
    """It cannot be read: truncated, damaged, or no document of ours."""


class ForeignDocumentError(DocumentError):
    """It is whole, but not for us: another bot's, a newer format, another layout or codec."""


class NewerDocumentError(ForeignDocumentError):
    """A newer ptb-bucket wrote it, and this one lacks something that it needs: upgrade ptb-bucket. It is never written.

    Args:
        message: What it needs and this library lacks.
        key: The object's key.
        etag: Which version of it was read.
    """

    def __init__(self, message: str, *, key: str | None = None, etag: str | None = None) -> None:
        text = message if "upgrade ptb-bucket" in message else f"{message}: upgrade ptb-bucket"
        super().__init__(text, key=key, etag=etag)


class SealError(DocumentError):
    """It is not sealed as the settings ask: tampered with, moved, or from before keys were set or changed."""


class BrokenSealError(SealError, CorruptDocumentError):
    """It was sealed as the settings ask, with a key that we have, and is not what was sealed, or not where."""


class VanishedDocumentError(DocumentError):
    """It was there when we read it last and is gone now. That is no empty state."""


class CannotStoreError(PTBBucketError, TypeError):
    """A value cannot live in a bucket. It costs only itself: what lies beside it is saved.

    Args:
        reason: What is wrong with the value, without the value.
        path: The steps to it, each as it would be written in Python: ``('["job"]', "[3]", ".name")``.
        hint: What to do about it.
        record: Whose data it is, such as ``user_data[42]``; filled in by whoever knows.
    """

    def __init__(self, reason: str, *, path: Sequence[object] = (), hint: str = "", record: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = tuple(path)
        self.hint = hint
        self.record = record

    def __str__(self) -> str:
        where = self.record + "".join(map(str, self.path)) or "value"
        return f"{where}: {self.reason}" + (f". {self.hint}" if self.hint else "")


class CannotLoadError(PTBBucketError):
    """A stored value cannot be turned into Python again, for example because its type is not registered."""


class UnreadableRecordError(CannotLoadError):
    """This process cannot decode one record of the bucket: newer code wrote it, a class changed, or it is damaged.

    Only updates that need the record fail, which are all of them for bot_data and the ids of handled updates. Its bytes
    pass through every commit unchanged, until a version of them can be read, or until the record is dropped.

    Args:
        reason: What the codec could not do and what to do about it, with the class and the member or field, and never
            with data.
        record: The record's label, such as ``user_data[42]``.
    """

    def __init__(self, reason: str, *, record: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record

    def __str__(self) -> str:
        extent = "" if self.record in _NEEDED_BY_ALL else " Only updates that need this record fail."
        return f"{self.record}: {self.reason.rstrip('.')}.{extent}"

    def again(self) -> UnreadableRecordError:
        """Return a new error that says the same, for the next caller that needs the record."""
        error = type(self)(self.reason, record=self.record)
        error.__cause__ = self.__cause__
        return error


class WrongShapeError(UnreadableRecordError):
    """A record does not have the shape that its kind has: somebody has edited it by hand, or damaged it.

    A bot that finds it at the start does not start. One that meets it later goes on without the record.
    """

    def __str__(self) -> str:
        return f"{self.record}: {self.reason.rstrip('.')}. Correct it, or bring back an earlier version."


class CannotMergeError(PTBBucketError):
    """Two versions of one record cannot be merged, because a resolver or a class of the bot's own raised an error.

    Only updates that need the record fail. The application's object and the bucket keep what they have. A chat that is
    not dropped because another chat's record cannot be saved has such an error too; its cause is the other one's.

    Args:
        reason: What raised which type of error, without the data.
        record: The record's label, such as ``user_data[42]``.
        hint: What to do about it.
    """

    def __init__(self, reason: str, *, record: str, hint: str = "Correct the code that raised it") -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record
        self.hint = hint

    def __str__(self) -> str:
        return (
            f"{self.record}: {self.reason}. Your changes stay in memory and the bucket's version stays in the bucket. "
            f"{self.hint}; it is the cause of this error."
        )


class UnsavedError(PTBBucketError):
    """Something is not durable yet. It is kept in memory and tried again at the next interval.

    Args:
        message: What is unsaved and why.
        causes: What went wrong, as far as it was told.
        records: Labels of the records that failed, if all other records are saved; empty if a whole document failed.
    """

    def __init__(self, message: str, *, causes: Sequence[BaseException] = (), records: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.causes = tuple(causes)
        self.records = tuple(records)


def pluralize(number: int, one: str, many: str) -> str:
    """Return a number and its noun, with the verb if need be: ``pluralize(n, "record is", "records are")``."""
    return f"{number:,} {one if number == 1 else many}"


def said(error: BaseException | None) -> str:
    """Return what may be logged of an error: errors of other code may quote data, so only their type is named."""
    return str(error) if isinstance(error, PTBBucketError) else type(error).__name__
