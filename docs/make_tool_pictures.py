"""Make ``docs/pictures/tools-*.svg``: pictures of a terminal in which verbs of ``ptb-bucket`` run on a bot's directory.

python docs/make_tool_pictures.py [FOLDER]
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from html import escape
from pathlib import Path

from make_demo_picture import framed
from rich.console import Console
from rich.style import Style
from rich.text import Text
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence

COLUMNS = 112
PLAIN, DIM = "#a9b1d6", "#565f89"
COLOURS = (DIM, "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#c0caf5")  # a terminal's first eight
PLACE = "file:./bot-data?keep=10"
EXPECTED = {1}  # a picture may show a failure
SCENES = {
    # picture → the commands
    "check": [["check", "file:./bot-data?layout=per-type"]],
    "show": [["show", PLACE], ["show", PLACE, "user_data", "4"]],
    "set": [["set", PLACE, "user_data", "4", "premium", "true", "--dry-run"]],
    "copy": [["copy", PLACE, "file:./copy?layout=per-type"]] * 2,
    "history": [["history", PLACE], ["restore", PLACE, "--version", "{oldest}", "--dry-run"]],
}


async def live(folder: Path) -> None:
    """Save the state of a bot with some users three times."""
    persistence: BucketPersistence = BucketPersistence(PLACE.replace("./", f"{folder}/"), update_interval=60)
    persistence.set_bot(ExtBot("123456:offline"))
    for day in range(3):
        users = {user: {"name": "Ada", "orders": ["margherita"] * (user % 5)} for user in range(1, 30 + 2 * day)}
        await asyncio.gather(
            persistence.update_bot_data({"orders": 40 + day, "menu": ["margherita", "funghi"]}),
            persistence.update_chat_data(-1001, {"title": "Pizza friends", "members": {1, 2, 3}}),
            persistence.update_conversation("order", (7, 7), "size"),
            *(persistence.update_user_data(user, data) for user, data in users.items()),
        )
        await persistence.flush()


def printed(folder: Path, command: list[str]) -> str:
    """Return the output of a command on a terminal."""
    environment = os.environ | {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": f"{COLUMNS}"}
    run = [sys.executable, "-m", "ptb_bucket.cli", *command]
    both = subprocess.STDOUT
    done = subprocess.run(run, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=both, check=False)  # noqa: S603
    if done.returncode not in {0, *EXPECTED}:
        raise RuntimeError(done.stdout.decode())
    return done.stdout.decode().replace(f"{folder}/", "./")


def seen(text: str) -> list[str]:
    """Return the rows that remain at the end, because a progress bar is drawn again and again in its place."""
    rows: list[str] = []
    for line in text.split("\n"):
        up = line.count("\x1b[1A")
        del rows[len(rows) - up :]
        rows.append(re.sub(r"\x1b\[\?25[lh]", "", line.split("\x1b[2K")[-1]).strip("\r"))
    return [row for at, row in enumerate(rows) if row or 0 < at < len(rows) - 1]


def drawn(text: str) -> str:
    """Return one coloured row of a terminal as SVG."""
    line = Text.from_ansi(text, end="")
    line.rstrip()
    return "".join(_span(segment.text, segment.style or Style()) for segment in line.render(Console()))


def _span(text: str, style: Style) -> str:
    number = style.color.number if style.color else None
    colour = PLAIN if number is None else COLOURS[number % len(COLOURS)]
    weight = ' font-weight="bold"' if style.bold else ""
    return f'<tspan fill="{DIM if style.dim else colour}"{weight}>{escape(text)}</tspan>'


def make(target: Path) -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(live(folder))
        versions = json.loads(printed(folder, ["history", PLACE, "--json"]))["versions"]
        oldest = versions[-1]["version"]
        for scene, commands in SCENES.items():
            rows, width = [], COLUMNS
            for template in commands:
                command = [part.format(oldest=oldest) for part in template]
                typed = textwrap.wrap(f"$ ptb-bucket {' '.join(command)}", COLUMNS, subsequent_indent="    ")
                rows += [_span(line, Style(color="blue", bold=True)) for line in typed]
                lines = seen(printed(folder, command))
                rows += [drawn(line) for line in lines]
                width = max(
                    width, *(len(Text.from_ansi(line).plain.rstrip()) for line in lines)
                )  # history folds nothing
            (target / f"tools-{scene}.svg").write_text(framed(rows, width), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "pictures")
