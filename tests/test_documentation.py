"""Tests that the documentation names only things that exist: links, anchors, programs, verbs of ``ptb-bucket``."""

from __future__ import annotations

import ast
import functools
import re
import shlex
from pathlib import Path

import click
import pytest
import telegram.ext

from ptb_bucket.cli.command_group import command_group

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page for page in ROOT.rglob("*.md") if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)")
PROGRAM = re.compile(r"python3? ((?:[\w-]+/)+[\w-]+\.py)")
WHOLE = re.compile(r"^<!-- whole: (\S+) -->$", re.MULTILINE)
"""A page that the site takes from elsewhere."""
COMMAND = re.compile(r"^ptb-bucket (.+)$|\$\(ptb-bucket ([^)]+)\)", re.MULTILINE)


def anchors(page):
    text = page.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    own = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return own.union(*(anchors(ROOT / path) for path in WHOLE.findall(text)))


def commands():
    for page in PAGES:
        for whole, inner in COMMAND.findall(page.read_text("utf-8")):
            yield pytest.param(shlex.split(whole or inner, comments=True), id=f"{page.name}: {whole or inner}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    text = page.read_text("utf-8")
    for path, anchor in LINK.findall(text):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"
    for program in PROGRAM.findall(text):
        assert (ROOT / program).is_file() or (page.parent / program).is_file(), program


@pytest.mark.parametrize("words", list(commands()))
def test_a_command_line_is_understood(words, monkeypatch):
    monkeypatch.delenv("PTB_BUCKET_URI", raising=False)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:offline")
    if words[0].startswith("-"):
        with pytest.raises(click.exceptions.Exit):
            command_group.make_context("ptb-bucket", words)
        return
    verb = command_group.get_command(click.Context(command_group), words[0])
    assert verb is not None, words[0]
    verb.make_context(words[0], words[1:])


def test_there_are_pages_and_commands():
    assert (len(PAGES), len(list(commands()))) > (15, 15)


def test_the_readme_stays_inviting():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


@functools.cache
def members_of_classes():
    """Return the members of each class of the project, and the names of its bases, by the class's name."""
    found = {}
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("providers/*/src/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                members, bases = found.setdefault(node.name, (set(), set()))
                members |= {name for part in ast.walk(node) if (name := name_in(part))}
                bases |= {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}
    return found


def name_in(node):
    """Return the name that a function, an annotated field or an attribute has."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return node.attr if isinstance(node, ast.Attribute) else None


@pytest.mark.parametrize("name", ["DESIGN.md", "CONTRIBUTING.md"])
def test_the_methods_that_a_document_names_exist(name):
    classes = members_of_classes()

    def exists(cls, member):
        members, bases = classes.get(cls, (set(dir(getattr(telegram.ext, cls, None))), set()))
        return member in members or any(exists(base, member) for base in bases if base in classes)

    named = set(re.findall(r"`([A-Z]\w+)\.(\w+)", (ROOT / name).read_text(encoding="utf-8")))
    assert {f"{cls}.{member}" for cls, member in named if not exists(cls, member)} == set()
