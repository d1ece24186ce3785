"""The parts of the site that are made from the code: commands, URI options, errors and log lines."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from list_messages import Message, messages
from log_lines import LOG_LINES
from remedies import REMEDIES

from ptb_bucket import errors
from ptb_bucket.cli import demo
from ptb_bucket.cli.command_group import command_group
from ptb_bucket.stores import LocalStore
from ptb_bucket.stores.registry import _BOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PAGE: Final = Path(__file__).parents[1] / "reference" / "command-line.md"
NOT_MET: Final = ("src/ptb_bucket/testing/", "src/ptb_bucket/offline_telegram/")
"""Where a message is for programmers of tests, who read it in a traceback beside the line that is wrong."""
TOLD: Final[Mapping[str, str]] = {"log error": "Errors in the log", "log warning": "Warnings in the log"}
_IMPERATIVE: Final = re.compile(
    r"(Add|Allow|Ask|Attach|Call|Check|Choose|Close|Correct|Create|Define|Delete|Deploy|Do|Examples?|Expected|Find|"
    r"Fix|Flatten|For example|Give|Grant|If|Increase|Install|Instead|Keep|Leave|List|Make|Move|Name|Omit|Open|"
    r"Otherwise|Pass|Press|Put|Raise|Register|Reinstall|Remove|Renew|Repair|Replace|Restore|Run|Set|Shrink|Start|Stop|"
    r"To |Try|Uninstall|Upgrade|Use|Wait|Write)\b"
)

_PLACEHOLDER: Final = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|%\.?\d*[sdgrf]")
_SAYS_WHAT: Final = re.compile(r"\b(must|needs|expects|takes)\b|[Vv]alid options|for example|Build it with")
"""A message that names what is right."""
_SPECIAL: Final = re.compile(r"`[^`]*`|\b__\w+__\b")
"""Code, or a name outside of code that Markdown would make bold."""


def generate(what: str, *arguments: str) -> str:
    """Return the Markdown of a generated part.

    Raises:
        KeyError: No part has this name.
    """
    parts = {"cli": cli, "cli-rest": cli_rest, "options": options, "errors": error_index}
    return parts[what](*arguments)


def cli(verb: str, *below: str) -> str:
    """Return a verb's usage, arguments and options, as its ``--help`` shows them.

    Args:
        verb: The verb.
        below: The name of one of its commands, if it has some.
    """
    ctx, group = click.Context(command_group, info_name="ptb-bucket"), command_group
    for name in (verb, *below):
        if (command := group.get_command(ctx, name)) is None:
            raise KeyError(name)
        ctx, group = click.Context(command, info_name=name, parent=ctx), command
    own = ctx
    usage = " ".join(command.get_usage(own).removeprefix("Usage: ").split())
    rows = [record for one in command.get_params(own) if (record := one.get_help_record(own))] or _of_argparse(verb)
    table = [f"| `{_cell(names)}` | {_SPECIAL.sub(_as_code, _cell(text))} |" for names, text in rows]
    head = ["| option | |", "|---|---|"] if table else []
    return "\n".join(["```text", usage, "```", "", *head, *table, ""])


def _as_code(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("`") else f"`{found[0]}`"


def _of_argparse(verb: str) -> list[tuple[str, str]]:
    """Return the options of ``demo``, which argparse parses, because it works without the extra."""
    verbs = argparse.ArgumentParser().add_subparsers()
    demo.add_to(verbs)
    actions = verbs.choices[verb]._actions if verb in verbs.choices else []  # noqa: SLF001  no public list
    return [(", ".join(one.option_strings), (one.help or "") % vars(one)) for one in actions]


def cli_rest() -> str:
    """Return the verbs that the page does not name, with their help."""
    page = PAGE.read_text("utf-8")
    parts = []
    for verb in command_group.list_commands(click.Context(command_group)):
        if f"<!-- generated: cli {verb} -->" not in page:
            command = command_group.get_command(click.Context(command_group), verb)
            parts.append(f"## {verb}\n\n{inspect.cleandoc((command and command.help) or '')}\n\n{cli(verb)}")
    return "\n".join(parts)


def options(scheme: str) -> str:
    """Return the table of a scheme's URI options; ``state`` are those that every scheme has."""
    known = {"state": _BOTS, "file": LocalStore.OPTIONS}[scheme]
    return "\n".join(["| option | |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in known.items())])


def error_index() -> str:
    """Return every error and log line that people meet, by kind, with its cause and its fix."""
    found: dict[str, list[Message]] = {}
    for message in messages():
        if message.kind in REMEDIES and not message.file.startswith(NOT_MET) and _has_words(message.text):
            found.setdefault(message.kind, []).append(message)
    return "\n".join(line for kind in _order(found) for line in _kind(kind, found[kind]))


def _order(found: Mapping[str, list[Message]]) -> Iterator[str]:
    return (kind for kind in REMEDIES if kind in found)


def _kind(kind: str, found: Iterable[Message]) -> Iterator[str]:
    cls = getattr(errors, kind, None)
    meaning = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ") if cls else ""
    head = [f"## {TOLD.get(kind, kind)}", meaning.replace("``", "`"), f"**What to do:** {REMEDIES[kind]}"]
    yield "\n\n".join([*head, '<div class="messages" markdown>', "| message and cause | fix |\n|---|---|"])
    for cause, fix in sorted({split(message.text) for message in found}):
        yield f"| {_cell(_shown(cause))} | {_cell(_shown(fix)) or _otherwise(cause, kind)} |"
    yield "\n</div>\n"


def _otherwise(cause: str, kind: str) -> str:
    """Return the fix of a message without a second part: its own, "as it says", or the remedy of its class."""
    if own := LOG_LINES.get(" ".join(_PLACEHOLDER.sub("…", cause).split())):
        return own
    return "as it says" if _IMPERATIVE.match(cause) or _SAYS_WHAT.search(cause) else _first_sentence(REMEDIES[kind])


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.) (?=[A-Z`])", text)[0]


def split(text: str) -> tuple[str, str]:
    """Return what a message says has happened, and what it says to do."""
    sentences = re.split(r"(?<=[.?!:)}])\s+(?=[A-Z'{])", text)
    at = next((at for at, one in enumerate(sentences) if at and _IMPERATIVE.match(one)), len(sentences))
    return " ".join(sentences[:at]), " ".join(sentences[at:])


def _has_words(text: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", _shown(text))) > 1


def _shown(text: str) -> str:
    """Return a message with an ellipsis for each value, so that readers find it with any value."""
    without = _PLACEHOLDER.sub("…", text)
    return without.replace("<", "&lt;").replace("*", r"\*").replace("_", r"\_").replace("`", r"\`").replace("[", r"\[")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
