"""``ptb-bucket show``: inspect a bot's state."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket.cli.editing import pretty, tree
from ptb_bucket.cli.options import RecordCommand, with_bot_id, with_output, with_types
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import Kind
from ptb_bucket.tools import Page, Shown, Summary, inspect_record, kind_of, open_state, page, record_of, summarize

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Record

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket show s3://my-bucket/my-bot
         ptb-bucket show s3://my-bucket/my-bot user_data
         ptb-bucket show s3://my-bucket/my-bot user_data 42
         ptb-bucket show s3://my-bucket/my-bot conversations order 42 42"""


@click.command(cls=RecordCommand, name="show", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section", required=False)
@click.argument("words", metavar="[ID]...", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    help="The maximum number of IDs to list.",
)
@click.option("--after", metavar="ID", help="Start after this ID. For conversations, the ID is HANDLER,KEY,KEY.")
@with_types
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, section: str | None, words: tuple[str, ...], *, limit: int, after: str | None,
    types: list[Any], bot_id: str | None, output: Output,
) -> None:  # fmt: skip
    """Show a summary of a bot's state, the IDs in one SECTION, or one record as it is stored.

    Sections: bot_data, chat_data, user_data, conversations, callback_data, updates. For conversations, ID is the
    handler's name and the parts of the key; the handler's name alone lists its conversations. Pickled records are shown
    without running any code in them. With --types, they are loaded with these classes only.
    """
    if section is None:
        found = asyncio.run(_summarize(uri, bot_id))
        output.result(_facts(found), lambda: _render(found, output))
    elif _is_section(section, words):
        last = None if after is None else _record_after(section, after)
        which = {"handler": words[0] if words else None, "after": last, "limit": limit}
        listed = asyncio.run(_page(uri, bot_id, section, **which))
        output.result(_page_facts(section, listed), lambda: _render_page(section, words, listed, output))
    else:
        record, rest = record_of(section, words)
        if rest:
            raise ConfigurationError(
                f"Too many arguments: {' '.join(rest)!r}. {record.label} can only be shown as a whole."
            )
        shown = asyncio.run(_inspect(uri, bot_id, record, types))
        output.result(
            {"record": record.label, "bytes": shown.size, "value": tree(shown.text)},
            lambda: _render_record(shown, output),
        )


def _is_section(section: str, words: tuple[str, ...]) -> bool:
    kind = kind_of(section)
    return len(words) < (2 if kind is Kind.CONVERSATION else 0 if kind is Kind.BOT else 1)


async def _summarize(uri: str, bot_id: str | None) -> Summary:
    async with open_state(uri, bot_id=bot_id) as state:
        return await summarize(state)


async def _page(uri: str, bot_id: str | None, section: str, **which: Any) -> Page:
    async with open_state(uri, bot_id=bot_id) as state:
        return await page(state, kind_of(section), **which)


def _record_after(section: str, after: str) -> Record:
    words = after.split(",") if kind_of(section) is Kind.CONVERSATION else [after]
    return record_of(section, words)[0]


async def _inspect(uri: str, bot_id: str | None, record: Record, types: list[Any]) -> Shown:
    async with open_state(uri, bot_id=bot_id, types=types) as state:
        return await inspect_record(state, record, decode=bool(types))


def _facts(found: Summary) -> dict[str, object]:
    return {
        "bot_id": found.bot_id,
        "layout": found.layout,
        "codec": found.codec,
        "documents": found.documents,
        "bytes": found.size,
        "last_commit": found.last_commit and found.last_commit.isoformat(),
        "writers": len(found.writers),
        "sections": {kind.value: {"records": one.records, "bytes": one.size} for kind, one in found.sections.items()},
        "largest": [{"record": record.label, "bytes": size} for size, record in found.largest],
    }


def _render(found: Summary, output: Output) -> None:
    output.line(f"bot {found.bot_id}, layout {found.layout}, codec {found.codec}", "bold")
    when = found.last_commit.strftime("%Y-%m-%d %H:%M:%S UTC") if found.last_commit else "never"
    output.line(f"objects {found.documents}, bytes {found.size:,}; last commit {when}, writers {len(found.writers)}\n")
    output.table(
        ["section", "#records", "#bytes"],
        [(kind.value, one.records, one.size) for kind, one in found.sections.items()],
    )
    output.line("")
    output.table(["largest records", "#bytes"], [(record.label, size) for size, record in found.largest])


def _words_of(record: Record) -> list[str]:
    """Return the record's ID as the arguments of a verb."""
    if record.kind is not Kind.CONVERSATION:
        return [record.id]
    name, key = record.conversation
    return [name, *map(str, key)]


def _page_facts(section: str, listed: Page) -> dict[str, object]:
    return {
        "section": section,
        "total": listed.total,
        "records": [
            {"id": _words_of(record), "record": record.label, "bytes": size} for record, size in listed.records
        ],
        "next": ",".join(_words_of(listed.records[-1][0])) if listed.more else None,
    }


def _render_page(section: str, words: tuple[str, ...], listed: Page, output: Output) -> None:
    output.table([section, "#bytes"], [(" ".join(_words_of(record)), size) for record, size in listed.records])
    output.line(f"\n{len(listed.records)} of {listed.total:,}")
    if listed.more:
        last = shlex.quote(",".join(_words_of(listed.records[-1][0])))
        output.line(f"more: ptb-bucket show URI {' '.join([section, *words])} --after {last}")


def _render_record(shown: Shown, output: Output) -> None:
    output.line(f"{shown.record.label}, {shown.size:,} bytes", "bold")
    output.line(pretty(shown.text))
