"""Tests that docstrings refer only to names and files that exist."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path

import telegram
import telegram.ext

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("src/**/*.py"), *ROOT.glob("providers/*/src/**/*.py")]
OTHERS = [
    *ROOT.glob("tests/**/*.py"),
    *ROOT.glob("benchmarks/**/*.py"),
    *ROOT.glob("docs/**/*.py"),
    ROOT / "noxfile.py",
]
ROLE = re.compile(r":(?:class|meth|func|mod|attr|data|exc):`~?([\w.]+)`")
FILE = re.compile(r"(?<![\w/.-])((?:docs|tests|benchmarks|examples|terraform|\.ci)/[\w/.-]+\.(?:md|py|svg|json|sh))")
INVENTED = {"docs/nowhere.md", "tests/test_it.py"}
"""Files that tests name because they do not exist."""


def names_in(tree):
    """Yield each name that a module defines, uses or imports."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from (node.asname or node.name).split(".")


def test_a_reference_names_something_that_exists():
    known = {*dir(builtins), *dir(telegram), *dir(telegram.ext), *dir(telegram.Message)}
    for path in SOURCES:
        known.update(names_in(ast.parse(path.read_text("utf-8"))), path.with_suffix("").parts)
    found = {(path.name, name) for path in SOURCES for name in ROLE.findall(path.read_text("utf-8"))}
    assert len(found) > 200
    assert {(file, name) for file, name in found if not known.issuperset(name.split("."))} == set()


def test_a_file_that_the_code_names_exists():
    found = {(path.name, name) for path in [*SOURCES, *OTHERS] for name in FILE.findall(path.read_text("utf-8"))}
    assert len(found) > 10
    assert {(file, name) for file, name in found if not (ROOT / name).exists() and name not in INVENTED} == set()
