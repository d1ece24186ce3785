"""Tests of what people expect of every command line: suggestions, versions, help, and the same options everywhere."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress

import pytest

from ptb_bucket.cli import command_group, main
from support.processes.piped_verbs import run
from support.processes.preloaded import preloading

programs_are_preloaded = preloading()
VERBS = sorted(command_group._VERBS)


# ---------------------------------------------------------------- suggestions, version, help


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("shwo x", "'show'"), ("end_conversation x", "'end-conversation'"), ("ls x", "'show'"),
        ("blame x", "'explain'"), ("show --jsno file:x", "--json"), ("copy a b --dryrun", "--dry-run"),
        ("set file:x bot_data a 1 --dry", "--dry-run"),
        ("import --overwrit a b", "--overwrite"), ("keygen --jso", "--json"), ("demo --ury file:x", "'--uri'"),
        ("demo --liv", "'--live'"), ("tick --ap x:y", "--app"), ("init x --traget lambda", "--target"),
        ("verify x --quik", "--quick"), ("web x --wirte", "--write"), ("broadcasts x --puase y", "--pause"),
    ],
)  # fmt: skip
def test_a_misspelt_word_is_corrected(capsys, words, meant):
    assert main(words.split()) == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


def test_a_word_that_resembles_nothing_is_not_corrected(capsys):
    assert main(["xylophone"]) == 2
    error = capsys.readouterr().err
    assert "Did you mean" not in error
    assert "'ptb-bucket --help'" in error


def test_the_version_names_everything_that_a_report_of_a_bug_needs(capsys):
    assert main(["--version"]) == 0
    ours, providers, ptb, python = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"ptb-bucket \d\S+", ours)
    assert {"file:", "memory:"} <= set(re.findall(r"\w+:", providers.partition(": ")[2]))
    assert re.fullmatch(r"python-telegram-bot 2\d\.\S+", ptb)
    assert python.startswith(f"Python {sys.version.split()[0]} ")


def test_a_shell_can_complete_words():
    done = run(_PTB_BUCKET_COMPLETE="bash_complete", COMP_WORDS="ptb-bucket exp", COMP_CWORD="1")
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == {"explain", "export"}


def test_help_is_complete_and_fits_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for verb in [None, *VERBS]:
        with suppress(SystemExit):  # of argparse, after the help of demo
            assert main(([verb] if verb else []) + ["--help"]) == 0
        text = capsys.readouterr().out
        # [ID]..., KEY..., .ptb-bucket-check-... and TELEGRAM_BOT_TOKEN=...
        assert "..." not in re.sub(r"[\]Y=-]\.\.\.", "", text), verb
        assert max(map(len, text.splitlines())) <= 80, verb


# ---------------------------------------------------------------- --types


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "raise ValueError('The token 123456:" + "A" * 35 + " was rejected')",
            "raised ValueError: The token [token] was",
        ),
        ("import sys; sys.exit('no TOKEN is set')", "raised SystemExit: no TOKEN is set"),
        ("x = = 1", "raised SyntaxError: invalid syntax"),
        ("import nothing_of_that_name", "raised ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("a = 1 / 0\nb = 2", "ZeroDivisionError: division by zero ({module}.py, line 1)"),
        ("raise KeyError('two\\nlines')", "raised KeyError"),
    ],
)
def test_a_module_that_raises_is_one_line(uri, tmp_path, capsys, monkeypatch, source, words):  # noqa: PLR0913, PLR0917
    module = f"broken_{abs(hash(source))}"
    (tmp_path / f"{module}.py").write_text(f"{source}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["show", uri, "user_data", "42", "--types", f"{module}:Cart"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert words.format(module=module) in error
    assert f"({module}.py, line 1)" in error
    assert "AAAA" not in error


def test_what_a_module_prints_is_not_the_result(uri, tmp_path, capsys, monkeypatch):
    (tmp_path / "chatty_module.py").write_text("print('starting')\nclass Cart: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["show", uri, "user_data", "43", "--types", "chatty_module:Cart", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["record"] == "user_data[43]"
    assert "starting" in err


# ---------------------------------------------------------------- versions that ?keep= kept


def test_old_versions_are_found_whatever_this_uri_keeps(uri, capsys):
    plain = uri.partition("?")[0]
    assert main(["history", uri, "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert main(["history", plain, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == kept
    oldest = kept["versions"][-1]["version"]
    assert main(["restore", plain, "--version", oldest, "--force"]) == 0
    capsys.readouterr()
    assert main(["show", plain, "user_data", "43", "name"]) == 0
    assert capsys.readouterr().out == '"Ada"\n'


# ---------------------------------------------------------------- options of every verb


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"demo"}))
def test_every_verb_has_the_common_options(capsys, verb):
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert "--quiet" in text
    # they read, run the bot's code, or show each change before
    without = {"check", "show", "web", "history", "explain", "keygen", "export", "tick", "timers"}
    assert ("--dry-run" in text) == (verb not in without)


@pytest.mark.parametrize("command", ["run", "rm"])
def test_the_commands_of_timers_have_them_too(capsys, command):
    assert main(["timers", command, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("--json", "--quiet", "--dry-run"))
    assert max(map(len, text.splitlines())) <= 80
