"""Tests of what people expect of every command line: pipes, full disks, colours, suggestions, versions, help."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import command_group, main
from support.processes.child_processes import MAY_BE_PRELOADED
from support.processes.preloaded import new_interpreters, preloading
from support.processes.terminals import in_a_terminal

programs_are_preloaded = preloading()

VERBS = sorted(command_group._VERBS)


@pytest.fixture
def uri(tmp_path):
    async def remember():
        bot = BucketPersistence(f"file:{tmp_path}/bot?keep=9", update_interval=60)
        bot.set_bot(ExtBot("123456:offline"))
        for name in ("Ada", "Ada Lovelace"):
            long = {"name": name, "long": ["a value"] * 2000}
            await asyncio.gather(bot.update_user_data(42, long), bot.update_user_data(43, {"name": name}))
            await bot.flush()

    asyncio.run(remember())
    return f"file:{tmp_path}/bot?keep=9"


def run(*arguments, text=None, **environment):
    """Run the command in a new process, whose stdout is a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "ptb_bucket.cli", *arguments],
        input=text, capture_output=True, encoding="utf-8", env=os.environ | environment, timeout=120, check=False,
    )  # fmt: skip


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


# ---------------------------------------------------------------- streams


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_if_stderr_is_full_too_the_exit_code_still_says_it(uri):
    with Path("/dev/full").open("wb") as full, new_interpreters():
        command = [sys.executable, "-m", "ptb_bucket.cli", "show", uri]
        assert subprocess.run(command, stdout=full, stderr=full, check=False).returncode == 1


def test_in_a_pipe_stdout_has_only_data(uri):
    done = run("show", uri, "user_data", "--limit", "1")
    assert re.fullmatch(r"42\t\d{4,}\n", done.stdout)
    assert done.stderr.splitlines()[0] == "1 of 2"
    assert json.loads(run("show", uri, "user_data", "43").stdout) == {"name": "Ada Lovelace"}
    rows = [line.split("\t") for line in run("history", uri).stdout.splitlines()]
    assert [row[-1] for row in rows] == ["current", ""]
    assert {len(row) for row in rows} == {7}


def test_quiet_leaves_the_exit_code_and_errors(uri, capsys):
    assert main(["set", uri, "user_data", "42", "name", '"Eve"', "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["show", uri, "user_data", "42", "name", "-q"]) == 0
    assert capsys.readouterr() == ('"Eve"\n', "")
    assert main(["rm", uri, "user_data", "44", "-q"]) == 3
    assert "user_data[44]" in capsys.readouterr().err


# ---------------------------------------------------------------- the file -


@pytest.mark.parametrize("form", ["json", "pickle"])
def test_a_bot_moves_through_a_pipe(uri, tmp_path, form):
    target = f"file:{tmp_path}/copy"
    command = [sys.executable, "-m", "ptb_bucket.cli"]
    exported = subprocess.run(
        [*command, "export", uri, "-", "--format", form], capture_output=True, check=False, timeout=60
    )
    assert exported.returncode == 0
    assert b"2 records are written to stdout" in exported.stderr
    done = subprocess.run(
        [*command, "import", "-", target, "--bot-id", "123456"], input=exported.stdout, check=False, timeout=60
    )
    assert done.returncode == 0
    assert run("show", target, "user_data", "43").stdout == run("show", uri, "user_data", "43").stdout


def test_what_stdout_cannot_carry_is_refused(uri, capsys):
    assert main(["export", uri, "-", "--json"]) == 2
    assert main(["export", uri, "-", "--format", "pickle", "--multi"]) == 2
    assert capsys.readouterr().out == ""
    assert "stdout is a terminal" in in_a_terminal("export", uri, "-", "--format", "pickle").text


def test_set_reads_a_value_from_stdin(uri):
    assert run("set", uri, "user_data", "43", "prefs", "-", text='{"a": [1]}\n').returncode == 0
    assert json.loads(run("show", uri, "user_data", "43", "prefs").stdout) == {"a": [1]}
    assert run("set", uri, "user_data", "43", "prefs", "-", text="no JSON").returncode == 2


@pytest.mark.parametrize("what", ["link", "fifo", "/dev/null"])
def test_force_replaces_regular_files_only(uri, tmp_path, capsys, what):
    target = tmp_path / what
    if what == "link":
        (tmp_path / "real").write_text("kept")
        target.symlink_to(tmp_path / "real")
    elif what == "fifo":
        os.mkfifo(target)
    for form in ("json", "pickle", "dict"):
        assert main(["export", uri, str(target), "--force", "--format", form]) == 4
        assert "Nothing was written" in capsys.readouterr().err
    assert what != "link" or (tmp_path / "real").read_text() == "kept"


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


# ---------------------------------------------------------------- a disk that is full while an export is written

LIMITED = f"""{MAY_BE_PRELOADED}
import resource, sys
sys.dont_write_bytecode = True  # Python would keep files that are cut off
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
from ptb_bucket.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("form", ["json", "pickle", "dict"])
@pytest.mark.parametrize("target", ["new", "-"])
def test_an_export_that_cannot_be_completed_leaves_nothing(uri, tmp_path, form, target):
    pytest.importorskip("resource", reason="Windows has no limit for the size of files")
    folder = tmp_path / "exports"
    folder.mkdir()
    file = str(folder / "new") if target == "new" else "-"
    command = [sys.executable, "-c", LIMITED, "export", uri, file, "--format", form]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in {1, 2}
    assert re.fullmatch(r"ptb-bucket: [^\n]+ File too large[^\n]*\n", done.stderr), done.stderr
    assert done.stdout == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("line", ["import - {uri}", "edit {uri} user_data 42"])
def test_a_full_temporary_directory_is_named(uri, tmp_path, line):
    pytest.importorskip("resource", reason="Windows has no limit for the size of files")
    command = [sys.executable, "-c", LIMITED, *line.format(uri=uri).split()]
    environment = os.environ | {"TMPDIR": str(tmp_path), "EDITOR": "true"}
    done = subprocess.run(
        command, input="{" * 10_000, capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert re.match(rf"ptb-bucket: {tmp_path}/ptb-bucket-\w+/\S+ could not be read or written: ", done.stderr)
    assert done.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bot"]


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_json_escapes_what_the_encoding_of_a_pipe_lacks(uri, capsys, encoding):
    """Such pipes exist on Windows, and where the locale is not UTF-8. A script must not get a question mark."""
    name = "Zo\xeb \U0001f422"
    assert main(["set", uri, "user_data", "43", "name", json.dumps(name), "-q"]) == 0
    with new_interpreters():
        done = run("show", uri, "user_data", "43", "name", "--json", PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout)["value"] == name
