"""How the demo looks."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ptb_bucket.cli.console import bold, dim

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram import Line

__all__ = ["heading", "narrate", "speak"]

_WIDTH = 92
_NAME = 7


def heading(text: str) -> None:
    """Begin a part."""
    print("\n" + bold(f"{f'── {text} ':─<{_WIDTH}}"), flush=True)


def narrate(text: str) -> None:
    """Say something that nobody in the dialogue says."""
    print(dim("\n".join(textwrap.fill(part, _WIDTH) for part in text.split("\n"))), flush=True)


def speak(line: Line) -> None:
    """Print one line of the dialogue: who, what, and the keyboard under it."""
    name, margin = bold(f"  {line.who:<{_NAME}}"), " " * (_NAME + 2)
    text = textwrap.fill(_said(line), _WIDTH, initial_indent=margin, subsequent_indent=margin)
    print(name + text.removeprefix(margin))
    for row in line.buttons:
        print(margin + " ".join(f"[{label}]" for label in row))
    print(end="", flush=True)  # the next line may come from another process


def _said(line: Line) -> str:
    return {
        "press": f"taps [{line.text}]",
        "edit": f"(edits the message) {line.text}",
        "delete": f"(deletes) {line.text}",
    }.get(line.kind, line.text)
