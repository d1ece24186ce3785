"""Tests of every verb with every mistake: one clear line, the right exit code, no traceback, no secret."""

from __future__ import annotations

import json
import re

import pytest

from ptb_bucket.cli import command_group, main
from ptb_bucket.testing.conformance.tools.wrong_usage import CALLS, call

HEADER = {"format": 1, "bot_id": "7", "codec": "json", "sequence": 0, "floor": 0, "commits": []}
STATE = {"ptb_bucket": HEADER}
SECRETS = {
    "TELEGRAM_BOT_TOKEN": "7:rosebud-token",
    "AWS_ACCESS_KEY_ID": "rosebud-id",
    "AWS_SECRET_ACCESS_KEY": "rosebud-key",
    "AWS_SESSION_TOKEN": "rosebud-session",
}
MISTAKES = {
    # the mistake → the URI, the stored data, the exit code, and words of the line
    "no scheme": ("bot-data", {}, 2, "does not start with a scheme"),
    "unknown scheme": ("ftp://host/bot", {}, 2, "No provider is installed for ftp:"),
    "unknown option": ("{here}?colour=red", {}, 2, "the option 'colour'"),
    "unknown layout": ("{here}?layout=round", {}, 2, "Unknown layout 'round'"),
    "credentials in the URI": ("s3://AKIA:rosebud@bucket/bot", {}, 2, "credentials"),
    "a key in the URI": ("{here}?secret_key=rosebud", {}, 2, "credentials"),
    "braces": ("{here}/{{bot}}", {}, 2, "placeholder"),
    "nothing there": ("{here}", {}, 3, "No bot state was found"),
    "another layout": ("{here}?layout=per-type", {"state.json": STATE}, 3, "layout=single"),
    "no directory": ("{here}/file/bot", {"file": "1"}, 1, "is not a directory"),
    "truncated": ("{here}", {"state.json": '{"ptb_bucket":'}, 1, "state.json"),
    "not ours": ("{here}", {"state.json": "[1]"}, 1, "state.json"),
    "corrupt pickle": ("{here}", {"state.pkl": "rosebud"}, 1, "state.pkl"),
    "two layouts": ("{here}", {"state.json": STATE, "user_data.json": STATE}, 1, "contains more than one state"),
    "another bot's": ("{here}", {"state.json": {"ptb_bucket": HEADER | {"bot_id": "8"}}}, 1, "bot 8"),
    "a newer format": ("{here}", {"state.json": {"ptb_bucket": HEADER | {"format": 99}}}, 1, "99"),
}  # fmt: skip
# Another mistake stops these verbs earlier.
NO_VERSIONS = {(verb, mistake) for verb in ("history", "restore") for mistake in ("another bot's", "a newer format")}
STATES = {name for name, (_, documents, *_) in MISTAKES.items() if documents and name != "no directory"}
"""The mistakes about a state, which ``verify`` does not look at. One place without a state is enough for it."""
TRIED = [(verb, mistake) for verb in CALLS for mistake in MISTAKES if verb != "verify" or mistake not in STATES]
# For ``check`` these are findings, ``import`` can start from nothing, and ``copy`` accepts any bot's state.
CODES = {("verify", "nothing there"): 0, ("check", "nothing there"): 0, ("check", "another layout"): 1,
         ("import", "nothing there"): 0, ("import", "another layout"): 1, ("copy", "another bot's"): 0}  # fmt: skip


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PTB_BUCKET_URI", raising=False)


@pytest.fixture
def run(capsys, tmp_path_factory):
    """Call a verb; return its exit code, stdout, and the one line on stderr. Check that none contains a secret."""

    def run(verb, uri, *more):
        code = main([*call(verb, uri, tmp_path_factory.mktemp("files")), *more])
        out, err = capsys.readouterr()
        assert "rosebud" not in out + err
        assert "Traceback" not in out + err
        assert "Store(" not in out + err  # where it lies is what a person wants to know
        return code, out, err

    return run


def test_every_verb_is_tried():
    assert set(CALLS) == set(command_group._VERBS) - {"demo", "init", "keygen", "tick"}, "add the new verb to CALLS"


@pytest.mark.parametrize(("verb", "mistake"), TRIED)
def test_what_is_wrong_is_said_in_one_line(run, tmp_path, verb, mistake):
    uri, documents, code, words = MISTAKES[mistake]
    for name, data in documents.items():
        (tmp_path / name).write_text(data if isinstance(data, str) else json.dumps(data))
    code = CODES.get((verb, mistake), code)
    found, out, err = run(verb, uri.format(here=f"file:{tmp_path}"))
    assert found == code
    if verb == "check" and code < 2:
        assert re.fullmatch("" if code == 0 else r"ptb-bucket: \d+ of \d+ checks failed: [a-z, ]+\.\n", err)
        return
    if code == 0:
        assert err == ""
        return
    assert re.fullmatch(r"ptb-bucket: [^\n]+\n", err), err
    assert ("does not keep old versions" if (verb, mistake) in NO_VERSIONS else words) in err
    assert out == ""


@pytest.mark.parametrize("verb", CALLS)
def test_an_unknown_option_is_a_wrong_call(run, tmp_path, verb):
    code, _, err = run(verb, f"file:{tmp_path}", "--colour")
    assert (code, err.count("\n")) == (2, 1)
    assert "--colour" in err


@pytest.mark.parametrize("verb", sorted(set(CALLS) - {"copy"}))
def test_a_token_that_is_none_is_not_repeated(run, tmp_path, monkeypatch, verb):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "rosebud")
    code, _, err = run(verb, f"file:{tmp_path}")
    assert (code, err.count("\n")) == (2, 1)
    assert "TELEGRAM_BOT_TOKEN" in err


@pytest.mark.parametrize("verb", CALLS)
def test_keys_that_are_none_are_not_repeated(run, tmp_path, monkeypatch, verb):
    monkeypatch.setenv("PTB_BUCKET_SIGNING_KEYS", "rosebud")
    code, _, err = run(verb, f"file:{tmp_path}")
    assert (code, err.count("\n")) == (2, 1)
    assert "PTB_BUCKET_SIGNING_KEYS" in err


@pytest.mark.parametrize("verb", CALLS)
def test_without_a_uri_it_is_asked_for(capsys, verb):
    assert main([verb]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
