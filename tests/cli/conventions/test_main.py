from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ptb_bucket.cli import main

WITHOUT_EXTRA = """
import sys
sys.modules.update(dict.fromkeys(("click", "rich")))  # None: importing it fails
from ptb_bucket.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without_extra(*arguments):
    command = [sys.executable, "-c", WITHOUT_EXTRA, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("argument", "words"), [("--version", "ptb-bucket 0."), ("--help", "show")])
def test_version_and_help(capsys, argument, words):
    assert main([argument]) == 0
    assert words in capsys.readouterr().out


def test_without_a_verb_there_is_help(capsys):
    assert main([]) == 2
    assert "demo" in capsys.readouterr().out


def test_an_unknown_verb_is_one_line(capsys):
    assert main(["shwo", "file:./x"]) == 2
    assert capsys.readouterr().err.startswith("ptb-bucket: No such command 'shwo'.")


def test_every_verb_has_help_with_an_example(capsys):
    main(["--help"])
    listed = capsys.readouterr().out.partition("Commands:")[2].split("\n")
    verbs = [line.split()[0] for line in listed if line.strip() and line[:4].strip()]
    assert {"demo", "show"} <= set(verbs)
    for verb in set(verbs) - {"demo"}:
        assert main([verb, "--help"]) == 0
        assert f"Example: ptb-bucket {verb}" in " ".join(capsys.readouterr().out.split())


def test_without_the_extra_one_line_says_what_to_install():
    result = without_extra("show", "file:./x")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("ptb-bucket: 'show' requires the [cli] extra. Run: pip install 'ptb-bucket[cli]'")


@pytest.mark.parametrize(("argument", "words"), [("--version", "ptb-bucket 0."), ("--help", "ptb-bucket demo")])
def test_without_the_extra_there_is_still_help(argument, words):
    result = without_extra(argument)
    assert (result.returncode, result.stderr) == (0, "")
    assert words in result.stdout


def test_the_uri_comes_from_the_environment_where_the_first_argument_is_none(tmp_path, monkeypatch, capsys):
    (tmp_path / "state.json").write_text(
        json.dumps(
            {"ptb_bucket": {"format": 1, "bot_id": "7", "codec": "json", "sequence": 0, "floor": 0, "commits": []}}
        )
    )
    monkeypatch.setenv("PTB_BUCKET_URI", f"file:{tmp_path}")
    assert main(["show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bot_id"] == "7"
    assert main(["show", f"file:{tmp_path}/elsewhere"]) == 3
