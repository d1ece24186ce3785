"""``ptb-bucket show``: inspect a bot's state."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.editing import pretty, tree
from ptb_bucket.cli.options import RecordCommand, with_bot_id, with_output, with_types
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import Kind
from ptb_bucket.tools import kind_of, open_state, record_of, words_of

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Record
    from ptb_bucket.tools import Page, Shown, Summary

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket show s3://my-bucket/my-bot
         ptb-bucket show s3://my-bucket/my-bot user_data
         ptb-bucket show s3://my-bucket/my-bot user_data 42
         ptb-bucket show s3://my-bucket/my-bot user_data 42 'cart.items[0]'
         ptb-bucket show s3://my-bucket/my-bot user_data --where 'age >= 18'
         ptb-bucket show s3://my-bucket/my-bot conversations order 42 42"""


@click.command(cls=RecordCommand, name="show", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section", required=False)
@click.argument("words", metavar="[ID]... [PATH]", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    help="The maximum number of IDs to list.",
)
@click.option("--after", metavar="ID", help="Start after this ID. For conversations, the ID is HANDLER,KEY,KEY.")
@click.option("--where", metavar="CONDITION",
              help="Only list records that match this condition, such as 'premium == true and age >= 18'.")  # fmt: skip
@with_types
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, section: str | None, words: tuple[str, ...], *, limit: int, after: str | None,
    where: str | None, types: list[Any], bot_id: str | None, output: Output,
) -> None:  # fmt: skip
    """Show a summary of a bot's state, the IDs in one SECTION, one record as it is stored, or a value in it.

    Sections: bot_data, chat_data, user_data, conversations, callback_data, updates, timers. For conversations, ID is
    the handler name and the parts of the key; the handler name alone lists its conversations. For timers, ID is the
    record that the timer belongs to, such as user_data 42, and the timer ID. PATH is a path such as cart.items[0],
    through dicts, lists and fields of objects.

    CONDITION compares paths with values: ==, !=, <, <=, >, >=, in, and, or, not and parentheses. Write strings in
    quotes. A path alone is true if its value is not false, null, zero or empty; a missing value equals null.

    Pickled records are shown without running any code in them. With PATH, CONDITION or --types, they are loaded using
    only the classes in --types.
    """
    if where is not None and (section is None or not _is_section(section, words)):
        raise click.UsageError(
            "--where filters the records of one section. Pass a section such as user_data without an ID."
        )
    if section is None:
        found = asyncio.run(_summarize(uri, bot_id))
        output.result(_facts(found), lambda: _render(found, output))
    elif _is_section(section, words):
        last = None if after is None else _record_after(section, after)
        which = {"handler": words[0] if words else None, "after": last, "limit": limit}
        listed = asyncio.run(_page(uri, bot_id, section, where, types, **which))
        output.result(_page_facts(section, listed), lambda: _render_page(section, words, where, listed, output))
    else:
        record, rest = record_of(section, words)
        if len(rest) > 1:
            raise ConfigurationError(f"Too many arguments: {' '.join(rest)!r}. {record.label} takes only one path.")
        shown = asyncio.run(_inspect(uri, bot_id, record, "".join(rest), types))
        output.result(
            {"record": shown.label, "bytes": shown.size, "value": tree(shown.text)},
            lambda: _render_record(shown, output),
        )


def _is_section(section: str, words: tuple[str, ...]) -> bool:
    kind = kind_of(section)
    return len(words) < (2 if kind is Kind.CONVERSATION else 0 if kind is Kind.BOT else 1)


async def _summarize(uri: str, bot_id: str | None) -> Summary:
    async with open_state(uri, bot_id=bot_id) as state:
        return await tools.summarize(state)


async def _page(uri: str, bot_id: str | None, section: str, where: str | None, types: list[Any], **which: Any) -> Page:
    async with open_state(uri, bot_id=bot_id, types=types, keep_unknown=True) as state:
        if where is not None:
            return await tools.page_where(state, kind_of(section), where, **which)
        return await tools.page(state, kind_of(section), **which)


def _record_after(section: str, after: str) -> Record:
    words = next(csv.reader([after])) if kind_of(section) in (Kind.CONVERSATION, Kind.TIMER) else [after]
    return record_of(section, words)[0]


async def _inspect(uri: str, bot_id: str | None, record: Record, path: str, types: list[Any]) -> Shown:
    async with open_state(uri, bot_id=bot_id, types=types, keep_unknown=bool(path)) as state:
        if path:
            return await tools.inspect_part(state, record, path)
        return await tools.inspect_record(state, record, decode=bool(types))


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


def _as_text(record: Record) -> str:
    """Return a record's ID as one word, as --after reads it. Parts with commas or quotes are quoted as in CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(words_of(record))
    return text.getvalue()


def _page_facts(section: str, listed: Page) -> dict[str, object]:
    return {
        "section": section,
        "total": listed.total,
        "records": [{"id": words_of(record), "record": record.label, "bytes": size} for record, size in listed.records],
        "hint": _hint(section, listed),
        "next": _as_text(listed.records[-1][0]) if listed.more else None,
    }


def _hint(section: str, listed: Page) -> str | None:
    """Return what is probably wrong with the condition; None if nothing is."""
    if not listed.unknown:
        return None
    quoted = ", ".join(json.dumps(word, ensure_ascii=False) for word in listed.unknown)
    return f"No record in {section} has {' or '.join(listed.unknown)}. If you mean text, put it in quotes: {quoted}"


def _render_page(
    section: str, words: tuple[str, ...], where: str | None, listed: Page, output: Output
) -> None:  # fmt: skip
    output.table([section, "#bytes"], [(" ".join(words_of(record)), size) for record, size in listed.records])
    output.note(f"\n{len(listed.records)} of {listed.total:,}")
    if hint := _hint(section, listed):
        output.note(hint)
    if listed.more:
        last = shlex.quote(_as_text(listed.records[-1][0]))
        condition = f" --where {shlex.quote(where)}" if where else ""
        output.note(f"more: ptb-bucket show URI {' '.join([section, *words])}{condition} --after {last}")


def _render_record(shown: Shown, output: Output) -> None:
    output.heading(f"{shown.label}, {shown.size:,} bytes")
    output.line(pretty(shown.text))
