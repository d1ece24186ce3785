"""All errors that ptb-bucket raises on purpose.

::

    PTBBucketError
    ├── ConfigurationError (also a ValueError)
    ├── RefusedError
    ├── UnsavedError
    ├── OutcomeUnknownError
    ├── StoreError
    │   ├── NotFoundError
    │   ├── LostRaceError
    │   ├── AccessError
    │   ├── UnavailableError
    │   └── UnsupportedError
    ├── DocumentError
    │   ├── CorruptDocumentError
    │   ├── ForeignDocumentError
    │   │   └── NewerDocumentError
    │   ├── SealError
    │   │   └── BrokenSealError (also a CorruptDocumentError)
    │   └── VanishedDocumentError
    ├── CannotStoreError (also a TypeError)
    ├── CannotLoadError
    │   └── UnreadableRecordError
    │       └── WrongShapeError
    └── CannotMergeError

The tree is sorted by what the caller can do next. Every message says what failed, on which object or record, and what
to do. No message contains users' data.
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
    "OutcomeUnknownError",
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
]

_NEEDED_BY_ALL: Final = frozenset({"bot_data", "updates[handled]"})  # labels of records that every update needs


class PTBBucketError(Exception):
    """The base class of all errors that ptb-bucket raises on purpose."""


class ConfigurationError(PTBBucketError, ValueError):
    """A URI, an option or an argument is wrong. Nothing was read or written. Correct it."""


class RefusedError(PTBBucketError):
    """A tool refused to do something that might lose data, and changed nothing. The message says how to insist."""


class StoreError(PTBBucketError):
    """A store could not carry out an operation.

    Args:
        message: What failed and what to do about it.
        key: The key of the object, if the error is about one.
    """

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class NotFoundError(StoreError):
    """No object exists under the key. This is the only failure that means "empty"."""


class LostRaceError(StoreError):
    """The condition of a write did not hold: the object has changed, exists already, or is gone.

    This is only a hint: the other write may be our own, if its answer was lost. The commit loop reads the document back
    to find out.
    """


class AccessError(StoreError):
    """Access was denied or is misconfigured. Nothing was applied. A human has to change a permission or a setting.

    Args:
        message: What failed and what to do about it.
        key: The key of the object, if the error is about one.
        about: The thing to check: ``permission``, ``credentials``, ``bucket`` (it does not exist or is elsewhere) or
            ``server`` (its address, or that of a proxy in between). ``ptb-bucket check`` sorts by it.
    """

    def __init__(
        self, message: str, *, key: str | None = None,
        about: Literal["permission", "credentials", "bucket", "server"] = "permission",
    ) -> None:  # fmt: skip
        super().__init__(message, key=key)
        self.about = about


class UnavailableError(StoreError):
    """The store gave no answer, or no usable one. You can repeat a read. The outcome of a write is unknown."""


class UnsupportedError(StoreError):
    """The store does not support the operation. Trying again does not help."""


class DocumentError(PTBBucketError):
    """An object in the bucket cannot be used as this bot's state. It is never overwritten.

    Args:
        message: The problem with the object and what to do about it.
        key: The object's key.
        etag: The ETag of the version that was read.
    """

    def __init__(self, message: str, *, key: str | None = None, etag: str | None = None) -> None:
        super().__init__(message)
        self.key, self.etag = key, etag


class CorruptDocumentError(DocumentError):
    """The document cannot be read: it is truncated or damaged, or ptb-bucket did not write it."""


class ForeignDocumentError(DocumentError):
    """The document is intact but belongs to another bot or has a newer format, another layout or another codec."""


class NewerDocumentError(ForeignDocumentError):
    """A newer ptb-bucket wrote the document, and this one does not support it: upgrade ptb-bucket.

    This ptb-bucket never writes such a document.
    """

    def __str__(self) -> str:
        text = super().__str__()
        return text if "Upgrade ptb-bucket" in text else f"{text}. Upgrade ptb-bucket"


class SealError(DocumentError):
    """The document is not sealed as the settings demand: it was altered or moved, or is older than the current keys."""


class BrokenSealError(SealError, CorruptDocumentError):
    """The seal does not match, although the key is known: the document was altered, or moved from another place."""


class VanishedDocumentError(DocumentError):
    """The document existed at the last read and is gone now. This does not count as an empty state."""


class CannotStoreError(PTBBucketError, TypeError):
    """A value cannot be stored. Only this value is left out; the values beside it are saved.

    Args:
        reason: The problem with the value, without the value itself.
        path: The steps to the value, each as Python code: ``('["job"]', "[3]", ".name")``.
        hint: What to do about it.
        record: The record's label, such as ``user_data[42]``; added where it is known.
    """

    def __init__(self, reason: str, *, path: Sequence[object] = (), hint: str = "", record: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = tuple(path)
        self.hint = hint
        self.record = record

    def __str__(self) -> str:
        where = self.record + "".join(map(str, self.path)) or "The value"
        return f"{where} cannot be stored: {self.reason}" + (f". {self.hint}" if self.hint else "")


class CannotLoadError(PTBBucketError):
    """A stored value cannot be decoded, for example because its type is not registered."""


class UnreadableRecordError(CannotLoadError):
    """This process cannot decode a record: newer code wrote it, a class changed, or it is damaged.

    Only updates that need the record fail. For bot_data and the IDs of handled updates, those are all updates. Every
    commit keeps the record's bytes unchanged until a version of them can be read or the record is dropped.

    Args:
        reason: The problem that the codec found and what to do about it. It names the class and the member or field,
            but contains no data.
        record: The record's label, such as ``user_data[42]``.
    """

    def __init__(self, reason: str, *, record: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record

    def __str__(self) -> str:
        extent = "" if self.record in _NEEDED_BY_ALL else " Only updates that need this record fail."
        return f"{self.record} cannot be loaded: {self.reason.rstrip('.')}.{extent}"

    def again(self) -> UnreadableRecordError:
        """Return a copy of the error, for the next caller that needs the record."""
        error = type(self)(self.reason, record=self.record)
        error.__cause__ = self.__cause__
        return error


class WrongShapeError(UnreadableRecordError):
    """A record does not have the shape of its kind: somebody edited it by hand or damaged it.

    A bot that finds such a record at the start does not start. A running bot continues without the record.
    """

    def __str__(self) -> str:
        return f"{self.record} cannot be loaded: {self.reason.rstrip('.')}. Fix it, or restore an earlier version."


class CannotMergeError(PTBBucketError):
    """Two versions of a record cannot be merged, because a resolver or a class of the bot raised an error.

    Only updates that need the record fail. The application's object and the bucket keep their versions. A chat that
    cannot be dropped because another chat's record cannot be saved has this error too, with the other error as cause.

    Args:
        reason: The code that raised and the type of its error, without data.
        record: The record's label, such as ``user_data[42]``.
        hint: What to do about it.
    """

    def __init__(self, reason: str, *, record: str, hint: str = "Fix the code that raised this error") -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record
        self.hint = hint

    def __str__(self) -> str:
        return (
            f"{self.record} cannot be merged: {self.reason}. Your changes stay in memory, and the bucket keeps its "
            f"version. {self.hint}."
        )


class UnsavedError(PTBBucketError):
    """Changes are not durable yet. They stay in memory and are saved again at the next interval.

    Args:
        message: The unsaved records or documents, and the reason.
        causes: The known errors that led to it.
        records: The labels of the records that failed, if all others are saved; empty if a whole document failed.
    """

    def __init__(self, message: str, *, causes: Sequence[BaseException] = (), records: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.causes = tuple(causes)
        self.records = tuple(records)


class OutcomeUnknownError(PTBBucketError):
    """An effect was begun earlier, and nobody recorded how it ended. It is not begun again.

    Ask the service that would know, such as your payment provider, and continue accordingly.

    Args:
        name: The name of the effect, as your code passed it to ``application.once()``.
        unit: The update or the run of a timer in which it was begun.
        began: When it was begun, in seconds since the epoch.
    """

    def __init__(self, name: str, unit: str, began: float) -> None:
        super().__init__(name, unit, began)
        self.name, self.unit, self.began = name, unit, began

    def __str__(self) -> str:
        return (
            f"The effect {self.name!r} of {self.unit} was begun before, and its outcome was not recorded. It may have "
            "happened, so at_most_once=True does not repeat it. Ask the service that carries it out."
        )
