"""Tests of the verbs with a value that only a pickle can express: an object that contains itself as a key."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, StoredAs
from ptb_bucket.cli import main


@dataclass(eq=False)
class Cart:
    items: tuple


TYPES = [StoredAs(Cart)]
WITH_TYPES = ("--types", "pickled_bot:TYPES")


@pytest.fixture
def uri(tmp_path, monkeypatch):
    async def remember():
        bot = BucketPersistence(f"file:{tmp_path}/bot?keep=9", codec="pickle", types=TYPES)
        bot.set_bot(ExtBot("123456:offline"))
        knot = Cart(())
        knot.items = (knot,)
        await bot.update_user_data(42, {knot: "tea", "name": "Ada"})
        await bot.update_user_data(43, {"name": "Bob"})
        await bot.flush()

    asyncio.run(remember())
    monkeypatch.setitem(sys.modules, "pickled_bot", sys.modules[__name__])
    return f"file:{tmp_path}/bot"


def test_show_prints_its_structure(uri, capsys):
    assert main(["show", uri, "user_data", "42"]) == 0
    structure = capsys.readouterr().out
    assert "Ada" in structure
    assert main(["show", uri, "user_data", "42", *WITH_TYPES]) == 0
    assert capsys.readouterr().out == structure


def test_a_part_beside_it_is_found(uri, capsys):
    assert main(["show", uri, "user_data", "42", "name", *WITH_TYPES]) == 0
    assert capsys.readouterr().out == '"Ada"\n'
    assert main(["show", uri, "user_data", "--where", "name == 'Ada'", "--json", *WITH_TYPES]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 1


@pytest.mark.parametrize(
    "words",
    ['set user_data 42 name "Bo"', 'set user_data 42 name {"$ref":1}', "rm user_data 42 name", "edit user_data 42"],
)
def test_the_record_is_left_alone(uri, capsys, monkeypatch, words):
    monkeypatch.setenv("EDITOR", "false")
    verb, *rest = words.split()
    assert main([verb, uri, *rest, *WITH_TYPES]) == 4
    error = capsys.readouterr().err
    assert re.match(r"ptb-bucket: user_data\[42\].* cannot be stored: .*Nothing was changed", error), error


def test_the_record_can_be_removed(uri):
    assert main(["rm", uri, "user_data", "42", *WITH_TYPES]) == 0
    assert main(["show", uri, "user_data", "42"]) == 3


def test_an_export_as_json_names_the_record(uri, tmp_path, capsys):
    assert main(["export", uri, str(tmp_path / "bot.json"), *WITH_TYPES]) == 1
    assert "user_data[42]" in capsys.readouterr().err
    assert not (tmp_path / "bot.json").exists()


def test_a_copy_as_json_names_the_record(uri, tmp_path, capsys):
    assert main(["copy", uri, f"file:{tmp_path}/copy?codec=json", *WITH_TYPES]) == 1
    assert "user_data[42]" in capsys.readouterr().err
