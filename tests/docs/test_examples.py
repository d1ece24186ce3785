"""Tests that the examples in docstrings run, and that those on the pages are Python."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import itertools
import os
import re
import textwrap
from pathlib import Path

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

import ptb_bucket

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").glob("**/*.py"))
BLOCK = re.compile(r"^ *(?:\S.*)?::\n\n((?: +.*\n|\n)+)", re.MULTILINE)
FENCE = re.compile(r"^( *)```python\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", *ROOT.glob("providers/*/README.md")])
NOT_PYTHON = {"ptb_bucket.errors", "ptb_bucket.tools.query.condition"}
"""The tree of errors, and a grammar."""
ONLY_COMPILED = {
    "ptb_bucket.testing.proxy": "it needs a server behind the proxy",
    "ptb_bucket.application.timers.callbacks": "it needs a callback of the bot's author",
    "ptb_bucket.application.durable_work": "it needs a running bot",
}
AWAITED = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def module_of(path):
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


def docstrings(path):
    """Yield the docstrings of a module and of everything in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield getattr(node, "name", ""), ast.get_docstring(node) or ""


def indented(block):
    """Return the lines that are indented as far as the first one, without their indentation."""
    lines = block.splitlines(keepends=True)
    margin = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return textwrap.dedent(
        "".join(itertools.takewhile(lambda line: line.startswith(margin) or not line.strip(), lines))
    )


def examples():
    """Return the Python in docstrings that a double colon announces, with its module."""
    found = []
    for path in SOURCES:
        if not BLOCK.search(path.read_text("utf-8")):  # parsing takes long, and most modules have no example
            continue
        for name, text in docstrings(path):
            code = [indented(block) for block in BLOCK.findall(f"{text}\n")]
            if module_of(path) not in NOT_PYTHON:
                found += [pytest.param(module_of(path), one, id=f"{module_of(path)} {name}") for one in code]
    return found


def test_the_examples_with_results_are_right():
    runner = doctest.DocTestRunner(verbose=False)
    for path in SOURCES:
        if ">>> " in path.read_text("utf-8"):
            for example in doctest.DocTestFinder().find(importlib.import_module(module_of(path))):
                runner.run(example)
    assert runner.failures == 0
    assert runner.tries > 5


async def start(update, _context):
    button = InlineKeyboardButton("Yes", callback_data="yes")
    await update.effective_message.reply_text("Hello", reply_markup=InlineKeyboardMarkup([[button]]))


async def pressed(update, _context):
    await update.callback_query.answer()


def build_application(builder):
    application = builder.build()
    application.add_handlers([CommandHandler("start", start), CallbackQueryHandler(pressed)])
    return application


GIVEN = {
    "Application": Application,
    "CommandHandler": CommandHandler,
    "TOKEN": "123456:offline",
    "build_application": build_application,
    "pytest": pytest,
    "start": start,
}
"""What the examples take for granted."""


@pytest.fixture
async def a_user(monkeypatch, tmp_path):
    """Store the state that an example edits, and set what an example reads."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", GIVEN["TOKEN"])
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "secret")
    monkeypatch.setenv("PTB_BUCKET_INIT_SECONDS", "0")
    monkeypatch.chdir(tmp_path)
    persistence = ptb_bucket.BucketPersistence("file:./my-bot")
    ptb_bucket.bucket_application(persistence).token(GIVEN["TOKEN"]).build()
    await persistence.get_user_data()
    await persistence.update_user_data(42, {"premium": False})
    await persistence.flush()


@pytest.mark.parametrize(("module", "code"), examples())
async def test_an_example_in_a_docstring_runs(module, code, a_user):
    compiled = compile(re.sub(r"(s3|gs)://my-bucket/", "file:./", code), module, "exec", flags=AWAITED)
    if module in ONLY_COMPILED:
        return
    public = {name: getattr(ptb_bucket, name) for name in ptb_bucket.__all__}
    result = eval(compiled, {**vars(importlib.import_module(module)), **public, **GIVEN})  # noqa: S307  our own
    if inspect.iscoroutine(result):
        await result


def test_there_are_examples():
    assert len(examples()) > 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: os.fspath(page.relative_to(ROOT)))
def test_an_example_on_a_page_is_python(page):
    for _, code in FENCE.findall(page.read_text("utf-8")):
        compile(textwrap.dedent(code), page.name, "exec", flags=AWAITED)
