"""Tests that the reference names everything that the code has: variables, verbs, options and errors."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import click
import pytest

from ptb_bucket import errors
from ptb_bucket.cli.command_group import command_group

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
ELSEWHERE = ("src/ptb_bucket/testing/", "src/ptb_bucket/offline_telegram/", "src/ptb_bucket/starter/")
"""What is not read from a bot's environment."""
OUR_NAMES = {"NO_DUE_KEYS", "NO_KEYS"}
"""Names that a module exports."""
PART = re.compile(r"<!-- generated: ([^>]+) -->")
NAMES = re.compile(r"_?(PTB_BUCKET|TELEGRAM|AWS|SSL|STORAGE|GOOGLE|BOTO|REQUESTS_CA|FORCE|NO)_[A-Z0-9_]*[A-Z0-9]|TERM")


def sources():
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("providers/*/src/**/*.py")]:
        if not path.relative_to(ROOT).as_posix().startswith(ELSEWHERE):
            yield ast.parse(path.read_text("utf-8"))


def texts(tree):
    """Return the texts of a module that are a variable's name, or that are used as a key of the environment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMES.fullmatch(node.value):
            yield node.value
        arguments = [*getattr(node, "args", [])][:1] if isinstance(node, ast.Call) else [getattr(node, "slice", None)]
        of = node.func if isinstance(node, ast.Call) else getattr(node, "value", None)
        if isinstance(of, ast.AST) and "environ" in ast.unparse(of):
            yield from (name for one in arguments if (name := str(getattr(one, "value", ""))).isupper())


def test_every_variable_is_on_the_page():
    read = {name for tree in sources() for name in texts(tree)} - OUR_NAMES
    assert {"PTB_BUCKET_URI", "AWS_REGION", "TERM", "PTB_BUCKET_GC"} <= read
    page = (REFERENCE / "environment.md").read_text("utf-8")
    assert {name for name in read if f"`{name}`" not in page} == set()


@pytest.fixture(scope="module")
def generated():
    """Return the module that makes parts of the site."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs" / "_site")
        import generated as module  # noqa: PLC0415  beside the pages

        yield module
    for name in ("generated", "remedies", "log_lines", "list_messages"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def index(generated):
    """Return the index of errors and log lines, which all sources are read for."""
    return generated.error_index()


def test_the_page_of_commands_has_every_verb_and_option(generated):
    page = PART.sub(lambda found: generated.generate(*found[1].split()), generated.PAGE.read_text("utf-8"))
    group = click.Context(command_group)
    for verb in command_group.list_commands(group):
        command = command_group.get_command(group, verb)
        assert f"\nptb-bucket {verb} " in page, verb
        below = getattr(command, "commands", {})
        assert [name for name in below if f"\nptb-bucket {verb} {name} " not in page] == []
        options = [option for each in (command, *below.values()) for option in each.params]
        names = [name for option in options if isinstance(option, click.Option) for name in option.opts]
        assert [name for name in names if name not in page] == []


def test_the_options_of_demo_are_on_the_page(generated):
    table = generated.cli("demo")
    assert "| `--live` | run on Telegram" in table
    assert "file:./ptb-bucket-demo" in table


def test_the_page_of_versions_is_right():
    tomllib = pytest.importorskip(
        "tomllib", reason="Python 3.10 cannot parse TOML: the page of versions is not compared"
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page, home = ((ROOT / "docs" / name).read_text("utf-8") for name in ("reference/versions.md", "index.md"))
    [telegram] = [one for one in project["dependencies"] if one.startswith("python-telegram-bot")]
    ptb = telegram.partition("]")[2]
    minors = [one.rpartition(" ")[2] for one in project["classifiers"] if re.search(r"Python :: 3\.\d+$", one)]
    assert project["requires-python"] == f">={minors[0]}"
    assert f"{minors[0]} or newer" in page
    assert f"{', '.join(minors[:-1])} and {minors[-1]}" in page
    for text in (page, home):
        assert f"`{ptb}`" in text
        assert project["version"] in text
        assert project["license"] in text
        assert "CHANGELOG.md" in text
    extras = {
        name for row in re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE) for name in row.strip("`").split("`, `")
    }
    assert extras == project["optional-dependencies"].keys() - {"testing", "dev"}


def test_every_error_has_a_remedy(generated):
    known = {cls for cls in errors.__all__ if cls.endswith("Error")} - {"PTBBucketError", "StoreError", "DocumentError"}
    assert known - generated.REMEDIES.keys() == set()


def test_the_index_has_every_message_with_a_fix(index):
    assert "The bucket … does not exist." in index
    assert "| Create it, or fix the URI. |" in index
    rows = [re.split(r"(?<!\\)\|", line) for line in index.splitlines() if line.startswith("| ")]
    assert len(rows) > 300
    assert [row for row in rows if len(row) != 4 or not row[1].strip() or not row[2].strip()] == []


def test_no_row_sends_the_reader_to_another_place_of_the_page(index):
    assert "as above" not in index
    assert "](#" not in index


def test_every_line_of_the_log_has_a_fix_of_its_own(index, generated):
    told = index[index.index("## Errors in the log") :]
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert len(rows) > 30
    general = {generated._first_sentence(generated.REMEDIES[kind]) for kind in generated.TOLD}
    assert [row for row in rows if any(text in row for text in general)] == []


def test_the_explained_lines_of_the_log_are_in_the_sources(generated):
    found = {generated._shown(text) for _kind, _file, _line, text in generated.messages()}
    said = "\n".join(found)
    assert [line for line in generated.LOG_LINES if generated._shown(line) not in said] == []


def test_the_most_frequent_messages_are_in_the_sources():
    page = (REFERENCE / "errors.md").read_text("utf-8").partition("## The most frequent ones")[2]
    rows = [line for line in page.splitlines() if line.startswith("| `") and "(from Telegram)" not in line]
    sources = [path.read_text("utf-8") for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("providers/*/src/**/*.py")]]
    everything = "\n".join(sources)
    assert len(rows) == 8
    for row in rows:
        words = row.split("`")[1].replace(" s3: ", " … ")
        pattern = "[^\n]*".join(map(re.escape, words.split("…")))
        assert re.search(pattern, everything, re.IGNORECASE), words


@pytest.mark.parametrize(
    ("message", "cause", "fix"),
    [
        ("The bucket {name} is gone. Create it.", "The bucket {name} is gone.", "Create it."),
        ("It failed because {reason}.", "It failed because {reason}.", ""),
        ("It is there. Nothing was changed. Pass --force.", "It is there. Nothing was changed.", "Pass --force."),
    ],
)
def test_a_message_is_split_into_cause_and_fix(generated, message, cause, fix):
    assert generated.split(message) == (cause, fix)
