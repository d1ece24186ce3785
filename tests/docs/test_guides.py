"""Tests that the commands and programs of the guides do what the guides say, on a directory in place of a bucket."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from telegram.ext import DictPersistence

from ptb_bucket import BucketPersistence, tools
from ptb_bucket.offline_telegram import OfflineTelegram
from support.processes.preloaded import preloading

programs_are_preloaded = preloading()
GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    """Return the blocks of a guide in one language."""
    found = FENCE.findall((GUIDES / f"{page}.md").read_text("utf-8"))
    return ["\n".join(line.strip() for line in code.splitlines()) if language == "sh" else code
            for _, kind, code in found if kind == language]  # fmt: skip


def run(command, folder):
    """Run one command of a guide, and return its output."""
    local = command.replace("s3://my-bucket/", "file:./").replace("?region=eu-west-1", "")
    words = shlex.split(local, comments=True)
    assert words.pop(0) == "ptb-bucket"
    environment = os.environ | {"TELEGRAM_BOT_TOKEN": "123456:offline"}
    done = subprocess.run(
        [sys.executable, "-m", "ptb_bucket.cli", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


async def store(folder):
    """Store a user, as the bot of a guide has."""
    persistence = BucketPersistence(f"file:{folder}/my-bot")
    OfflineTelegram().builder().persistence(persistence).build()
    await persistence.get_user_data()
    await persistence.update_user_data(42, {"name": "Ada"})
    await persistence.flush()


def commands(page, starting):
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(starting)]


def test_the_practice_of_a_restore_brings_the_user_back(tmp_path):
    asyncio.run(store(tmp_path))
    version, shown = "", ""
    practised = [line for line in commands("backups", "ptb-bucket ") if "practice" in line]
    assert len(practised) == 7
    for command in practised:
        shown = run(command.replace("VERSION", version), tmp_path)
        if " history " in command:
            version = shown.splitlines()[1].split("\t")[1]
    assert json.loads(shown) == {"name": "Ada"}


async def store_twice(folder, layout):
    """Store two users, and then other values of both."""
    persistence = BucketPersistence(f"file:{folder}/my-bot?keep=10&layout={layout}")
    OfflineTelegram().builder().persistence(persistence).build()
    await persistence.get_user_data()
    for name, other in ({"name": "Ada"}, 1), ({"name": "?"}, 2):
        await persistence.update_user_data(42, name)
        await persistence.update_user_data(43, {"points": other})
        await persistence.flush()


@pytest.mark.parametrize("layout", ["single", "per-type", "per-record"])
def test_the_program_restores_one_user(tmp_path, capsys, layout):
    asyncio.run(store_twice(tmp_path, layout))
    names = {"__name__": "guide"}
    code = blocks("backups", "python")[0]
    program, call, _ = code.partition("asyncio.run(")
    assert call
    exec(program.replace(", dry_run=True", ""), names)  # noqa: S102  the guide's own
    uri = f"file:{tmp_path}/my-bot"
    first = asyncio.run(versions_of(uri))[-1].time
    asyncio.run(names["main"](uri, 42, first))
    assert capsys.readouterr().out == '{"name":"?"} -> {"name":"Ada"}\n'
    assert user(tmp_path) == {"name": "Ada"}
    assert json.loads(run("ptb-bucket show s3://my-bucket/my-bot user_data 43", tmp_path)) == {"points": 2}


async def versions_of(uri):
    async with tools.open_state(uri) as state:
        return await tools.record_versions(state, [tools.record_of("user_data", ["42"])[0]])


def test_the_commands_restore_the_object_of_one_user(tmp_path):
    asyncio.run(store_twice(tmp_path, "per-record"))
    version = asyncio.run(versions_of(f"file:{tmp_path}/my-bot"))[-1].version
    explained, listed, restoring = [
        line for line in commands("backups", "ptb-bucket ") if re.search(r"explain|/42\.json", line)
    ]
    place = "records/user_data/73/42.json"
    for command in explained, listed:
        assert place in run(command.replace("URI", "s3://my-bucket/my-bot"), tmp_path)
    done = restoring.replace("URI", "s3://my-bucket/my-bot").replace("VERSION", version).replace("--dry-run", "--force")
    run(done, tmp_path)
    assert user(tmp_path) == {"name": "Ada"}


def test_the_script_moves_everything_from_another_persistence(tmp_path):
    [script] = blocks("from-a-database", "python")[:1]
    [document] = blocks("from-a-database", "json")
    names = {}
    exec(script, names)  # noqa: S102  the guide's own
    old = DictPersistence(**json.loads(document))
    asyncio.run(old.update_user_data(43, {"city": None}))
    asyncio.run(names["main"](old, ["order"], tmp_path / "moving.pickle", "123456:offline"))
    for command in commands("from-a-database", "ptb-bucket import"):
        run(command, tmp_path)
    assert user(tmp_path) == {"name": "Ada"}
    assert json.loads(run("ptb-bucket show s3://my-bucket/my-bot user_data 43", tmp_path)) == {"city": None}


def test_the_file_of_dict_persistence_can_be_imported(tmp_path):
    (tmp_path / "moving.json").write_text(blocks("from-a-database", "json")[0])
    run("ptb-bucket import moving.json s3://my-bucket/my-bot --bot-id 123456", tmp_path)
    assert user(tmp_path) == {"name": "Ada"}
    assert json.loads(run("ptb-bucket show s3://my-bucket/my-bot conversations order 42 42", tmp_path)) == 2


def test_any_other_format_can_be_imported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old = {"users": [{"id": 42, "profile": {"name": "Ada"}}], "settings": {"language": "en"}}
    Path("old-state.json").write_text(json.dumps(old))
    exec(blocks("from-an-s3-class", "python")[1], {})  # noqa: S102  the guide's own
    run(commands("from-an-s3-class", "ptb-bucket import moving.json")[0], tmp_path)
    assert user(tmp_path) == {"name": "Ada"}


def test_the_commands_of_the_systemd_recipe_are_those_of_the_readme():
    root = GUIDES.parents[1]
    readme = (root / "src/ptb_bucket/starter/templates/polling/README.md.template").read_text("utf-8")
    recipe = (root / "docs/recipes/systemd.md").read_text("utf-8")
    [_, _, commands_of_recipe] = FENCE.findall(recipe)[0]
    assert commands_of_recipe in re.sub(r"\{\{\w+\}\}", "", readme)


def test_the_move_from_pickle_persistence_and_back(tmp_path, monkeypatch):
    (tmp_path / "my_bot.py").write_text(
        "import enum\n\n\nclass Cart:\n    n = 2\n\n\nclass Step(enum.Enum):\n    PAY = 1\n"
    )
    write = """import my_bot, pickle
data = {"user_data": {42: {"cart": my_bot.Cart()}}, "chat_data": {}, "conversations": {"buy": {(42,): my_bot.Step.PAY}}}
pickle.dump(data, open("bot.pickle", "wb"))"""
    subprocess.run([sys.executable, "-c", write], cwd=tmp_path, check=True, timeout=120)
    for command in commands("from-picklepersistence", "ptb-bucket import"):
        run(f"{command} --types my_bot:Cart --types my_bot:Step", tmp_path)
    (tmp_path / "bot.pickle").write_bytes(b"")
    run(commands("from-picklepersistence", "ptb-bucket export")[0], tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    back = pickle.loads((tmp_path / "bot.pickle").read_bytes())
    monkeypatch.delitem(sys.modules, "my_bot")
    assert back["conversations"]["buy"][(42,)].name == "PAY"
    assert type(back["user_data"][42]["cart"]).__name__ == "Cart"


def test_a_pickle_of_your_own_keeps_its_sets_and_dataclasses(tmp_path, monkeypatch):
    (tmp_path / "models.py").write_text(
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Profile:\n    name: str\n    tags: set\n"
    )
    old = "{'users': {42: models.Profile('Ada', {'a', 'b'})}, 'banned': {7}}"
    write = f"import models, pickle; pickle.dump({old}, open('state.pickle', 'wb'))"
    script, _, back = blocks("from-an-s3-class", "python")
    (tmp_path / "move.py").write_text(script)
    (tmp_path / "back.py").write_text(back)
    for words in (["-c", write], ["move.py", "state.pickle", "123456:offline"]):
        subprocess.run([sys.executable, *words], cwd=tmp_path, check=True, timeout=120)
    for command in commands("from-an-s3-class", "ptb-bucket import moving.pickle"):
        run(command, tmp_path)
    (tmp_path / "state.pickle").unlink()
    [export] = commands("from-an-s3-class", "ptb-bucket export")
    run(export, tmp_path)
    [backwards] = commands("from-an-s3-class", "python back.py")
    subprocess.run([sys.executable, *shlex.split(backwards)[1:]], cwd=tmp_path, check=True, timeout=120)
    monkeypatch.syspath_prepend(tmp_path)
    state = pickle.loads((tmp_path / "state.pickle").read_bytes())
    monkeypatch.delitem(sys.modules, "models")
    assert (state["users"][42].tags, state["banned"]) == ({"a", "b"}, {7})


def user(folder):
    return json.loads(run("ptb-bucket show s3://my-bucket/my-bot user_data 42", folder))


@pytest.mark.parametrize("page", sorted(path.stem for path in GUIDES.glob("*.md")))
def test_a_command_of_a_guide_can_be_parsed_by_a_shell(page):
    for block in blocks(page, "sh"):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)  # noqa: S607
        assert done.returncode == 0, f"{block}\n{done.stderr}"
