"""Tests of the verbs that show, find and edit values in a record."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main

EDITOR = """
import sys
from pathlib import Path
file = Path(sys.argv[1])
assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0, "others may read it"
file.write_text(file.read_text().replace({old!r}, {new!r}))
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def uri(tmp_path):
    async def remember():
        bot = BucketPersistence(f"file:{tmp_path}/bot")
        bot.set_bot(ExtBot("123456:offline"))
        for user, name in enumerate(["Ada", "Bob", "Eve"]):
            await bot.update_user_data(user, {"name": name, "premium": user > 0, "tags": ["a", {"b": 1}]})
        await bot.flush()

    asyncio.run(remember())
    return f"file:{tmp_path}/bot"


@pytest.fixture
def editor(tmp_path, monkeypatch):
    def editor(old, new):
        (tmp_path / "editor.py").write_text(EDITOR.format(old=old, new=new))
        monkeypatch.setenv("EDITOR", f"{sys.executable} {tmp_path / 'editor.py'}")
        monkeypatch.delenv("VISUAL", raising=False)

    return editor


@pytest.fixture
def any_editor(editor):
    """An editor that a test writes itself, as ``editor.py``."""
    editor("", "")


def shown(capsys, *words):
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else err


def test_show_addresses_a_value(uri, capsys):
    assert shown(capsys, "show", uri, "user", "0", "tags[1].b") == (0, {
        "record": "user_data[0]['tags'][1]['b']", "bytes": 1, "value": 1,
    })  # fmt: skip
    code, error = shown(capsys, "show", uri, "user", "0", "tags[5]")
    assert (code, "was not found" in error) == (3, True)


def test_show_finds_people(uri, capsys):
    code, found = shown(capsys, "show", uri, "user_data", "--where", "premium == true and name != 'Bob'")
    assert (code, [record["id"] for record in found["records"]], found["total"]) == (0, [["2"]], 1)
    assert main(["show", uri, "user_data", "--where", "premium == true", "--limit", "1"]) == 0
    assert "--where 'premium == true' --after 1" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["user_data", "0"], ["bot_data"]])
def test_a_condition_needs_a_section(uri, capsys, words):
    assert main(["show", uri, *words, "--where", "premium"]) == 2
    assert "--where filters the records of one section" in capsys.readouterr().err


def test_text_without_quotes_is_pointed_out(uri, capsys):
    words = ["show", uri, "user_data", "--where", "name == Ada"]
    hint = 'No record in user_data has Ada. If you mean text, put it in quotes: "Ada"'
    assert main(words) == 0
    assert hint in capsys.readouterr().err.splitlines()
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hint"] == hint
    assert main(["show", uri, "user_data", "--where", "name == 'Ada'", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hint"] is None


def test_edit_saves_what_the_editor_wrote(uri, capsys, editor):
    editor("Ada", "Zoe")
    code, done = shown(capsys, "edit", uri, "user_data", "0", "--dry-run")
    assert (code, done["changed"], done["after"]["name"]) == (0, True, "Zoe")
    assert main(["edit", uri, "user_data", "0"]) == 0
    assert "user_data[0] has changed" in capsys.readouterr().out
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Zoe"
    assert main(["edit", uri, "user_data", "0"]) == 0
    assert "is unchanged" in capsys.readouterr().out


def test_a_text_that_is_no_json_changes_nothing(uri, capsys, editor):
    editor('"Ada"', "Ada")
    assert main(["edit", uri, "user_data", "0"]) == 2
    assert "not valid ptb-bucket JSON" in capsys.readouterr().err
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Ada"


def test_a_member_that_occurs_twice_is_refused(uri, capsys, editor):
    assert main(["set", uri, "user_data", "0", "prefs", '[{"a": 1, "b": 1, "a": 2}]']) == 2
    assert "the member 'a' twice" in capsys.readouterr().err
    editor('"Ada"', '"Ada", "name": "Bo"')
    assert main(["edit", uri, "user_data", "0"]) == 2
    assert "the member 'name' twice" in capsys.readouterr().err
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Ada"


def test_an_editor_that_fails_changes_nothing(uri, capsys, monkeypatch):
    monkeypatch.setenv("EDITOR", "false" if os.name == "posix" else "exit 1")
    monkeypatch.delenv("VISUAL", raising=False)
    assert main(["edit", uri, "user_data", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="only POSIX sends signals to a group of processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_does_not_end_the_verb_under_an_open_editor(uri, tmp_path, interruptible, capsys, name):
    """A terminal sends Ctrl-C to the editor and to the verb. In vim, it only ends a command."""
    (tmp_path / "editor.sh").write_text(
        f"trap '' INT TERM HUP; touch {tmp_path}/open\n"
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; sed -i s/Ada/Bo/ $1"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "ptb_bucket.cli", "edit", uri, "user_data", "0"], start_new_session=True,
        env=os.environ | {"EDITOR": f"sh {tmp_path}/editor.sh", "VISUAL": ""}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while not (tmp_path / "open").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, getattr(signal, name))
    time.sleep(0.1)  # what the verb does about it, it does at once
    (tmp_path / "go").touch()
    assert process.wait(30) == 0
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Bo"


ENCODING = """
import sys
from pathlib import Path
file = Path(sys.argv[1])
text = file.read_bytes().decode({old!r})
file.write_bytes(text.replace('"Ada"', '"Zoë"').encode({new!r}))
"""


def encoding_editor(tmp_path, old, new):
    (tmp_path / "editor.py").write_text(ENCODING.format(old=old, new=new), encoding="utf-8")


@pytest.mark.usefixtures("any_editor")
def test_an_editor_may_add_a_byte_order_mark(uri, capsys, tmp_path):
    encoding_editor(tmp_path, "utf-8", "utf-8-sig")
    assert main(["edit", uri, "user_data", "0"]) == 0
    capsys.readouterr()
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Zoë"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
@pytest.mark.usefixtures("any_editor")
def test_a_text_in_another_encoding_is_opened_again(uri, capsys, tmp_path, monkeypatch, encoding):
    encoding_editor(tmp_path, "utf-8", encoding)
    assert main(["edit", uri, "user_data", "0"]) == 2
    assert capsys.readouterr().err.endswith(" is not valid UTF-8. Save it as UTF-8.\n")

    def correct(*_, **__):
        encoding_editor(tmp_path, encoding, "utf-8")
        return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.confirm", correct)
    assert main(["edit", uri, "user_data", "0"]) == 0
    capsys.readouterr()
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Zoë"


BREAKING = """
import sys
from pathlib import Path
file, bucket, away = Path(sys.argv[1]), Path({bucket!r}), Path({bucket!r} + "-away")
if away.exists():
    bucket.unlink()
    away.rename(bucket)
    assert '"Bo"' in file.read_text(), "what was written is lost"
else:
    file.write_text(file.read_text().replace('"Ada"', '"Bo"'))
    bucket.rename(away)
    bucket.touch()
"""


@pytest.mark.parametrize("what", ["bot", "bot/state.json"], ids=["bucket", "document"])
@pytest.mark.usefixtures("any_editor")
def test_what_a_person_wrote_is_kept_if_the_bucket_fails(uri, capsys, tmp_path, monkeypatch, what):
    (tmp_path / "editor.py").write_text(BREAKING.format(bucket=str(tmp_path / what)))
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["edit", uri, "user_data", "0"]) == 0
    assert "Edit again?" in "".join(capsys.readouterr())
    assert shown(capsys, "show", uri, "user", "0", "name")[1]["value"] == "Bo"


def test_set_refuses_a_class_that_occurs_nowhere(uri, capsys):
    words = ["set", uri, "user_data", "0", "cart", '{"$Cart": {"items": []}}']
    assert main(words) == 4
    assert "pass --new-class" in capsys.readouterr().err
    assert main([*words, "--new-class"]) == 0
    capsys.readouterr()
    assert main(["set", uri, "user_data", "0", "cart.items[0]", '"rope"']) == 0
    capsys.readouterr()
    assert shown(capsys, "show", uri, "user", "0", "cart.items")[1]["value"] == ["rope"]
