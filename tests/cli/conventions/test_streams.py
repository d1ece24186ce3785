"""Tests of stdin, stdout and stderr: data alone in a pipe, the file ``-``, encodings, and disks that are full."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ptb_bucket.cli import main
from support.processes.child_processes import MAY_BE_PRELOADED
from support.processes.piped_verbs import run
from support.processes.preloaded import new_interpreters, preloading
from support.processes.terminals import in_a_terminal

programs_are_preloaded = preloading()


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


@pytest.mark.parametrize("form", ["json", "pickle", "dict"])
def test_a_file_may_be_called_as_stdout_is(uri, tmp_path, capsys, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    assert main(["export", uri, "./-", "--format", form]) == 0
    assert (tmp_path / "-").stat().st_size > 0
    assert "2 records are in -" in capsys.readouterr().out


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
