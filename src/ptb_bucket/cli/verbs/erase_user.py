"""``ptb-bucket erase-user``: forget a person."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket.cli.options import RecordCommand, dry_run, with_bot_id, with_output
from ptb_bucket.errors import RefusedError, pluralize
from ptb_bucket.tools import OldVersions, PersonalData, erase, find_person, open_state, past_of

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output

__all__ = ["command"]

_LABELS = 20
_NOTES = (
    "Not looked for: the person's name or words in other people's data; only their number is, see mentions.",
    "A bot that has been running all the time and never refreshes may hold the person in memory until its restart.",
    "What else may hold the person: logs, backups, exports, and a bot's spool_dir.",
)
_EXAMPLES = """\b
Example: ptb-bucket erase-user s3://my-bucket/my-bot 42
         ptb-bucket erase-user s3://my-bucket/my-bot 42 --versions --dry-run"""


@click.command(cls=RecordCommand, name="erase-user", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("user_id", type=int)
@click.option("--versions", is_flag=True, help="Also delete every old version of each object that held the person.")
@click.option("--yes", is_flag=True, help="Do not ask before old versions are deleted.")
@click.option("--force", is_flag=True, help="Also while a bot is running, which may still hold the person in memory.")
@dry_run
@with_bot_id
@with_output
def command(output: Output, **asked: Any) -> None:
    """Remove a person: user data, private chat, conversations; and print a receipt.

    Inline keyboards cannot be attributed to anybody and stay. Old versions, where the bucket keeps them, hold the
    person still: --versions deletes all of each object that did, with everybody else's history in them.
    """
    facts = asyncio.run(_run(output, **asked))
    output.result(facts, lambda: _render(facts, output))


async def _run(  # noqa: PLR0913  the options of the verb
    output: Output, *, uri: str, user_id: int, versions: bool, yes: bool, force: bool, dry_run: bool, bot_id: str | None
) -> dict[str, Any]:
    async with open_state(uri, bot_id=bot_id) as state:
        found = await find_person(state, user_id)
        past = await past_of(state, found)
        deleted = 0
        if not dry_run:
            if versions and not yes and (force or not found.running):
                _ask(found, past, output)
            deleted = await erase(state, found, past if versions else None, force=force)
            past = await past_of(state, found)
        return _facts(found, past, deleted, dry_run=dry_run)


def _ask(found: PersonalData, past: OldVersions, output: Output) -> None:
    objects = {*past.versions, *found.records}
    number = past.number + len(found.records)  # those that are current until then
    if past.problem or not number:
        return
    versions = pluralize(number, "old version", "old versions")
    where = pluralize(len(objects), "object", "objects")
    question = f"This deletes {versions} of {where} for good, other people's history included"
    if output.as_json or not sys.stdin.isatty():
        raise RefusedError(f"{question}. Nothing was changed; if that is meant: --yes.")
    if not click.confirm(f"{question}. Continue?", err=True):
        raise RefusedError("Nothing was changed.")


def _facts(found: PersonalData, past: OldVersions, deleted: int, *, dry_run: bool) -> dict[str, Any]:
    removed = [
        {"record": record.label, "bytes": size}
        for records in found.records.values()
        for record, size in sorted(records.items())
    ]
    old = {"objects": sorted(past.versions), "deleted": deleted, "kept": past.number, "problem": past.problem}
    return {
        "user_id": found.user_id, "dry_run": dry_run, "removed": removed, "old_versions": old,
        "mentions": [record.label for record in found.mentions], "keyboards": found.keyboards,
        "unknown": sorted(found.unknown),
        "running": sorted({commit.writer for commit in found.running}), "notes": list(_NOTES),
    }  # fmt: skip


def _render(facts: dict[str, Any], output: Output) -> None:
    done = "would be removed" if facts["dry_run"] else "removed"
    output.line(f"user {facts['user_id']}: {pluralize(len(facts['removed']), 'record', 'records')} {done}", "bold")
    output.table([done, "#bytes"], [(one["record"], one["bytes"]) for one in facts["removed"]])
    output.line("")
    for text in (_old_versions(facts), *_leftovers(facts), *facts["notes"]):
        output.line(f"* {text}")


def _old_versions(facts: dict[str, Any]) -> str:
    old = facts["old_versions"]
    if old["problem"]:
        return f"Old versions cannot be seen: {old['problem']}"
    if old["kept"]:
        versions = pluralize(old["kept"], "old version has", "old versions have")
        return f"{versions} the person, or had until now: --versions deletes those of {', '.join(old['objects'])}."
    return f"{pluralize(old['deleted'], 'old version', 'old versions')} deleted: none is left that holds the person."


def _leftovers(facts: dict[str, Any]) -> list[str]:
    mentions = facts["mentions"]
    keyboards = pluralize(facts["keyboards"], "inline keyboard was", "inline keyboards were")
    more = f" and {len(mentions) - _LABELS} more" if len(mentions) > _LABELS else ""
    lines = [
        f"{keyboards} kept (callback_data): nobody can tell whose.",
        f"The number occurs in {', '.join(mentions[:_LABELS])}{more}, perhaps by chance: look at them."
        if mentions else "The number occurs nowhere else.",
    ]  # fmt: skip
    if facts["unknown"]:
        names = ", ".join(map(repr, facts["unknown"]))
        lines.append(f"Sections that this ptb-bucket does not know were kept: {names}. Upgrade it, and erase again.")
    if facts["running"]:
        writers = ", ".join(facts["running"])
        lines.append(f"Bots that committed within the last hour: {writers}. Restart those that never refresh.")
    return lines
