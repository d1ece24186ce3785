"""Make ``docs/pictures/demo.svg``: what ``ptb-bucket demo`` prints, as a picture.

python docs/make_demo_picture.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

COLUMNS, LINE, WIDTH = 110, 18, 7.85
BEGIN = "A new process"
SKIP = "Bo starts a conversation and leaves"
COLOURS = (("──", "#7aa2f7"), ("  Pip ", "#9ece6a"), ("  Ada ", "#e0af68"), ('"', "#c0caf5"), ("{", "#c0caf5"))


def printed() -> list[str]:
    """The demo's output, from the moment the second process starts."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ptb_bucket.cli", "demo"]
        output = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout  # noqa: S603
    lines = output.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith(BEGIN)) - 1
    skip = next(at for at, line in enumerate(lines) if line.startswith(SKIP))
    resume = next(at for at, line in enumerate(lines) if at > skip and line.startswith("──"))
    return [line for line in lines[begin:skip] + lines[resume:] if line.strip()]


def drawn(lines: list[str]) -> str:
    """An SVG of a terminal."""
    return framed([f'<tspan fill="{_colour(line)}">{escape(_cut(line))}</tspan>' for line in lines], COLUMNS)


def framed(rows: list[str], columns: int) -> str:
    """An SVG of a terminal, from what stands in its rows."""
    height, width = LINE * (len(rows) + 2), WIDTH * columns + 32
    texts = [f'<text x="16" y="{LINE * (at + 2)}" xml:space="preserve">{row}</text>' for at, row in enumerate(rows)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 8}" '
        'font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>', *texts, "</svg>", ""])


def _cut(line: str) -> str:
    return line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"


def _colour(line: str) -> str:
    return next((colour for start, colour in COLOURS if line.startswith(start)), "#a9b1d6")


if __name__ == "__main__":
    (Path(__file__).parent / "pictures" / "demo.svg").write_text(drawn(printed()), encoding="utf-8")
