"""Hooks of the site's build: generated parts, pages that are kept elsewhere, links, and roles in docstrings.

In a page, ``<!-- generated: cli show -->`` becomes what ``generated.py`` makes of it, and
``<!-- whole: providers/s3/README.md -->`` becomes that file without its title. ``<!-- file: PATH -->`` becomes a block
of code with the file's text. Links to files outside of ``docs/`` lead to the repository, so that the same page works on
both.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from generated import generate

REPOSITORY: Final = "https://github.com/ptb-bucket/ptb-bucket"
ROOT: Final = Path(__file__).parents[2]
_BOOSTS: Final = (
    ("docs/how-to/", 2),
    ("docs/tutorial/", 1.5),
    ("docs/reference/api/testing.md", 0),  # the names of its tests are sentences about everything
    ("docs/reference/api/", 0.5),
    ("docs/reference/errors.md", 2),
    ("docs/reference/options.md", 1.5),
)
"""How much the search prefers the pages of a folder: guides come before the API. 0: it does not find them."""
_GENERATED: Final = re.compile(r"^<!-- generated: ([\w-]+)(?: ([^>]+?))? -->$", re.MULTILINE)
_WHOLE: Final = re.compile(r"^<!-- whole: (\S+) -->$", re.MULTILINE)
_FILE: Final = re.compile(r"^<!-- file: (\S+) -->$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)(#[^)\s]+)?(?=\))")
_OWN: Final = re.compile(rf"(?<=\]\(){REPOSITORY}/(?:blob|raw|tree)/main/docs/([^)#\s]+)(#[^)\s]+)?(?=\))")
_ROLE: Final = re.compile(r":(?:class|meth|func|mod|attr|data|exc|doc|obj):(?=<code>)")
_SHORT: Final = re.compile(r"<code>~(?:\w+\.)*(\w+)</code>")
"""A name of which only the last part is shown."""


def on_config(config: Any) -> Any:
    """Put the pages of a folder into the navigation, where it names a folder: ``- Recipes: recipes/``."""
    config.nav = [entry for item in config.nav if (entry := _expanded(item))]
    return config


def _expanded(item: Any) -> Any:
    """Return an entry of the navigation with its folders expanded; empty if a folder has no pages."""
    if isinstance(item, str):
        return item
    (title, target), *_ = item.items()
    if isinstance(target, list):
        return {title: [entry for one in target if (entry := _expanded(one))]}
    if not target.endswith("/"):
        return item
    pages = sorted((ROOT / "docs" / target).glob("*.md"), key=lambda path: (path.name != "index.md", path.name))
    return {title: [f"{target}{path.name}" for path in pages]} if pages else None


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Complete the text of a page. ``page`` is MkDocs's page."""
    folder = f"docs/{page.file.src_uri}".rpartition("/")[0]
    boost = next((boost for start, boost in _BOOSTS if f"docs/{page.file.src_uri}".startswith(start)), 1)
    page.meta["search"] = {"boost": boost, "exclude": not boost}
    whole = _WHOLE.sub(lambda found: _kept_elsewhere(found[1], folder), markdown)
    made = _GENERATED.sub(lambda found: generate(found[1], *(found[2] or "").split()), whole)
    linked = _LINK.sub(lambda found: _target(found, folder), made)
    return _FILE.sub(lambda found: _block(found[1]), linked)


def on_page_content(html: str, **_: Any) -> str:
    """Remove the marks of reStructuredText from docstrings."""
    html = _SHORT.sub(r"<code>\1</code>", _ROLE.sub("", html))
    return html.replace("<p>::</p>", "").replace("::</p>", ":</p>")


def _block(path: str) -> str:
    """Return a file's text as a block of code, in the language of its suffix."""
    language = Path(path).suffix.removeprefix(".") or "text"
    return f"```{language}\n{(ROOT / path).read_text('utf-8').strip()}\n```"


def _kept_elsewhere(path: str, folder: str) -> str:
    text = (ROOT / path).read_text("utf-8").partition("\n")[2]
    there = path.rpartition("/")[0]

    def moved(found: re.Match[str]) -> str:
        return os.path.relpath(os.path.normpath(f"{there}/{found[1]}"), folder) + (found[2] or "")

    relative = _LINK.sub(moved, text)
    return _OWN.sub(lambda found: os.path.relpath(f"docs/{found[1]}", folder) + (found[2] or ""), relative)


def _target(found: re.Match[str], folder: str) -> str:
    """Return a link that leads to the repository if its target is not a part of the site."""
    path = os.path.normpath(f"{folder}/{found[1]}")
    if path.startswith("docs/") and not path.endswith(".py"):
        return found[0]
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{path}{found[2] or ''}"
