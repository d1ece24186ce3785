"""``ptb-bucket erase-user``: erase a person's data."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.arguments import IDType
from ptb_bucket.cli.options import RecordCommand, dry_run, with_bot_id, with_output
from ptb_bucket.errors import RefusedError
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import OldVersions, PersonalData

__all__ = ["command"]

_LABELS = 20
_NOTES = (
    "Other users' data was searched for the user ID, but not for names or messages.",
    "A running bot that does not refresh its data may keep this user's data in memory until it restarts.",
    "Logs, backups, exports and the bot's spool_dir may also contain this user's data.",
)
_DELETED = (
    "Objects that were deleted, by hand or by 'sweep', are not listed. Some of their old versions may contain this "
    "user until the bucket's lifecycle removes them."
)
_EXAMPLES = """\b
Example: ptb-bucket erase-user s3://my-bucket/my-bot 42
         ptb-bucket erase-user s3://my-bucket/my-bot 42 --versions --dry-run"""


@click.command(cls=RecordCommand, name="erase-user", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("user_id", type=IDType())
@click.option(
    "--versions", is_flag=True, help="Also delete all old versions of each object that contained this user's data."
)
@click.option("--yes", is_flag=True, help="Delete old versions without asking.")
@click.option("--force", is_flag=True, help="Erase even if a running bot may still have this user's data in memory.")
@dry_run
@with_bot_id
@with_output
def command(output: Output, **asked: Any) -> None:
    """Erase a user's data, private chat data and conversations, and print a receipt.

    The user's ID is also removed from broadcasts. One that is being sent goes on without this user.

    Inline keyboards can't be attributed to a user and are kept. If the bucket keeps old versions, they still contain
    this user's data. --versions deletes all old versions of the affected objects, including other users' history.
    """
    facts = asyncio.run(_run(output, **asked))
    output.report(facts, lambda: _render(facts, output))


async def _run(  # noqa: PLR0913  the options of the verb
    output: Output, *, uri: str, user_id: int, versions: bool, yes: bool, force: bool, dry_run: bool, bot_id: str | None
) -> dict[str, Any]:
    async with open_state(uri, bot_id=bot_id) as state:
        found = await tools.find_person(state, user_id)
        past = await tools.past_of(state, found)
        deleted = 0
        if not dry_run:
            if versions and not yes and (force or not found.running):
                _ask(found, past, output)
            deleted = await tools.erase(state, found, past if versions else None, force=force)
            past = await tools.past_of(state, found)
        return _facts(found, past, deleted, dry_run=dry_run)


def _ask(found: PersonalData, past: OldVersions, output: Output) -> None:
    objects = {*past.versions, *found.records, *past.broadcasts, *_keys(found)}
    number = past.number + len(found.records) + len(_keys(found))  # the current versions become old ones
    if past.problem or not number:
        return
    versions = pluralize(number, "old version", "old versions")
    where = pluralize(len(objects), "object", "objects")
    question = f"This permanently deletes {versions} of {where}, including other users' history"
    if output.as_json or not sys.stdin.isatty():
        raise RefusedError(f"{question}. Nothing was changed. To confirm, pass --yes.")
    if not click.confirm(f"{question}. Continue?", err=True):
        raise RefusedError("Nothing was changed.")


def _keys(found: PersonalData) -> list[str]:
    return [key for keys in found.broadcasts.values() for key in keys]


def _facts(found: PersonalData, past: OldVersions, deleted: int, *, dry_run: bool) -> dict[str, Any]:
    removed = [
        {"record": record.label, "bytes": size}
        for records in found.records.values()
        for record, size in sorted(records.items())
    ]
    objects = sorted({*past.versions, *past.broadcasts})
    old = {"objects": objects, "deleted": deleted, "kept": past.number, "problem": past.problem}
    return {
        "user_id": found.user_id, "dry_run": dry_run, "removed": removed, "old_versions": old,
        "mentions": [record.label for record in found.mentions], "keyboards": found.keyboards,
        "broadcasts": sorted(found.broadcasts), "unknown": sorted(found.unknown),
        "running": sorted({commit.writer for commit in found.running}),
        "notes": [*([] if past.problem else [_DELETED]), *_NOTES],
    }  # fmt: skip


def _render(facts: dict[str, Any], output: Output) -> None:
    done = "would be removed" if facts["dry_run"] else "removed"
    output.line(f"user {facts['user_id']}: {pluralize(len(facts['removed']), 'record', 'records')} {done}", "bold")
    output.table([done, "#bytes"], [(one["record"], one["bytes"]) for one in facts["removed"]])
    output.line("")
    for text in (_old_versions(facts), *_broadcasts(facts), *_leftovers(facts), *facts["notes"]):
        output.line(f"* {text}")


def _old_versions(facts: dict[str, Any]) -> str:
    old = facts["old_versions"]
    if old["problem"]:
        return f"Old versions could not be listed. {old['problem']}"
    if old["kept"]:
        versions = pluralize(old["kept"], "old version", "old versions")
        objects = ", ".join(old["objects"])
        return f"{versions} of objects with this user's data: {objects}. --versions deletes them."
    deleted = pluralize(old["deleted"], "old version", "old versions")
    return f"{deleted} deleted; no other old version that can be found contains this user."


def _broadcasts(facts: dict[str, Any]) -> list[str]:
    names = ", ".join(facts["broadcasts"])
    done = "would be removed" if facts["dry_run"] else "was removed"
    return [f"The ID {done} from the audience and the report of these broadcasts: {names}."] if names else []


def _leftovers(facts: dict[str, Any]) -> list[str]:
    mentions = facts["mentions"]
    keyboards = pluralize(facts["keyboards"], "inline keyboard was", "inline keyboards were")
    more = f" and {len(mentions) - _LABELS} more" if len(mentions) > _LABELS else ""
    lines = [
        f"{keyboards} kept (callback_data) because their owners are unknown.",
        f"The ID was also found in {', '.join(mentions[:_LABELS])}{more}, possibly by coincidence. Check these records."
        if mentions else "The ID was not found anywhere else.",
    ]  # fmt: skip
    if facts["unknown"]:
        names = ", ".join(map(repr, facts["unknown"]))
        lines.append(
            f"Sections not supported by this version of ptb-bucket were kept: {names}. Upgrade ptb-bucket and "
            "erase again."
        )
    if facts["running"]:
        writers = ", ".join(facts["running"])
        lines.append(
            f"These bots committed within the last hour: {writers}. Restart those that do not refresh their data."
        )
    return lines
