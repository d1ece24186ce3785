"""Tests that the list of messages contains every kind of message and every error that the source raises."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RAISED = re.compile(r"^[ \t]*raise (?:\w+\.)*(\w+)\(\s*f?[\"']", re.MULTILINE)


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("list_messages", ROOT / "docs" / "list_messages.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def messages(module):
    return module.messages()


@pytest.mark.parametrize(
    "kind", ["ConfigurationError", "SealError", "warning", "log warning", "check", "help", "output"]
)
def test_there_are_messages_of_each_kind(messages, kind):
    assert any(message.kind == kind and message.text for message in messages)


def test_no_raised_text_is_missing(messages):
    listed = {(message.kind, message.file, message.line) for message in messages}
    raised = set()
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("providers/*/src/**/*.py")]:
        text = path.read_text("utf-8")
        for found in RAISED.finditer(text):
            line = text.count("\n", 0, found.start(1)) + 1
            raised.add((found[1], path.relative_to(ROOT).as_posix(), line))
    assert len(raised) > 100
    assert raised - listed == set()


def test_placeholders_and_constants_are_written_out(module):
    source = 'HINT = "Do it."\nraise ValueError(f"{a.b!r} is not {c}")\nwarnings.warn(HINT)\n'
    found = [(message.kind, message.text) for message in module.in_source("import warnings\n" + source, "x.py")]
    assert found == [("ValueError", "{a.b} is not {c}"), ("warning", "Do it.")]
