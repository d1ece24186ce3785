"""What to do about each kind of error or log line if its message does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEDIES: Final[Mapping[str, str]] = {
    "ConfigurationError": "Correct the URI, the option or the argument in the message. Nothing was read or written.",
    "RefusedError": (
        "Nothing was changed. Read what might be lost, then insist with the option that the message names."
    ),
    "NotFoundError": "Check the URI, the section and the ID. `ptb-bucket show URI` lists what is stored.",
    "LostRaceError": (
        "You need not do anything: a bot reads the object again and merges. Your own code should do the same."
    ),
    "AccessError": (
        "Run `ptb-bucket check URI`, which names the missing permission or the wrong setting. Changes "
        "stay in memory and are saved once the cause is repaired."
    ),
    "CredentialsError": (
        "Give the bot credentials, as the provider's page says. You meet this text inside an `AccessError`."
    ),
    "UnavailableError": "Wait: a bot tries again and keeps its changes. If it lasts, run `ptb-bucket check URI`.",
    "UnsupportedError": "Trying again does not help. Use another key or store, or switch on what the message names.",
    "CorruptDocumentError": (
        "Nothing was overwritten. Undo your edit, or restore an earlier version: [make backups and "
        "practise a restore](../how-to/backups.md)."
    ),
    "ForeignDocumentError": "Open the state with the bot, layout and codec that wrote it, or choose an empty prefix.",
    "NewerDocumentError": "Upgrade ptb-bucket on every instance.",
    "SealError": (
        "List the key that sealed the document, or find out who changed it: [secrets and "
        "sealing](../how-to/secrets-and-sealing.md)."
    ),
    "BrokenSealError": "Find out who altered or moved the document, and restore an earlier version.",
    "VanishedDocumentError": "Restore the object, or restart the bot to start with an empty state.",
    "CannotStoreError": (
        "Register the class ([your own classes](../how-to/register-types.md)), or keep the value out of "
        "the data. Everything beside the value is saved."
    ),
    "CannotLoadError": (
        "Register the class or deploy the version of it that can load the value. The stored bytes stay unchanged."
    ),
    "UnreadableRecordError": (
        "Deploy the code that can read the record, or correct it with `ptb-bucket set`. All other records work."
    ),
    "WrongShapeError": "Correct the record by hand, or restore an earlier version.",
    "CannotMergeError": "Correct the resolver or the class that raised. The changes stay in memory until then.",
    "UnsavedError": (
        "The changes stay in memory, or in `spool_dir`, and are tried again. The message ends with the "
        "cause: look that up here."
    ),
    "UsageError": "Correct the command. `ptb-bucket VERB --help` shows its options.",
    "BadParameter": "Correct the value of the option that the message names.",
    "log error": "The line ends with the cause: look that up here. Nothing is lost while the process runs.",
    "log warning": "You need not do anything unless the line says so.",
}
