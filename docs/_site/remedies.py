"""Say what to do about each kind of error or log line if its message does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEDIES: Final[Mapping[str, str]] = {
    "ConfigurationError": "Fix the URI, option or argument in the message. Nothing was read or written.",
    "RefusedError": (
        "Nothing was changed. Check what might be lost, then repeat the command with the option in the message."
    ),
    "NotFoundError": "Check the URI, the section and the ID. Run `ptb-bucket show URI` to list what is stored.",
    "LostRaceError": ("No action needed: a bot reads the object again and merges. Your own code should do the same."),
    "AccessError": (
        "Run `ptb-bucket check URI`, which names the missing permission or the wrong setting. Changes "
        "stay in memory and are saved once the cause is fixed."
    ),
    "CredentialsError": (
        "Give the bot credentials as described on the provider page. This text appears inside an `AccessError`."
    ),
    "UnavailableError": "Wait: a bot tries again and keeps its changes. If it lasts, run `ptb-bucket check URI`.",
    "UnsupportedError": "Trying again does not help. Use another key or store, or enable the feature in the message.",
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
    "VanishedDocumentError": "Restore the object, or restart the bot to start with empty state.",
    "CannotStoreError": (
        "Register the class ([your own classes](../how-to/register-types.md)), or keep the value out of "
        "the data. Everything beside the value is saved."
    ),
    "CannotLoadError": (
        "Register the class or deploy the version of it that can load the value. The stored bytes stay unchanged."
    ),
    "UnreadableRecordError": (
        "Deploy the code that can read the record, or fix it with `ptb-bucket set`. All other records work."
    ),
    "WrongShapeError": "Fix the record by hand, or restore an earlier version.",
    "CannotMergeError": "Fix the resolver or the class that raised. The changes stay in memory until then.",
    "UnsavedError": (
        "The changes stay in memory, or in `spool_dir`, and are tried again. The message ends with the "
        "cause: look it up here."
    ),
    "OutcomeUnknownError": (
        "Ask the service that would know, such as your payment provider, whether it was done. `application.once()` "
        "does not repeat it."
    ),
    "UsageError": "Fix the command. `ptb-bucket VERB --help` shows its options.",
    "BadParameter": "Fix the value of the option in the message.",
    "log error": "Look at the row of your line. Nothing is lost while the process runs.",
    "log warning": "No action is needed unless the row of your line says so.",
}
