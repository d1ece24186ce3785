"""Classes of user and chat data that cannot be changed in place: they merge as a whole, and are replaced."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from typing import NamedTuple

import attrs
import pytest
from telegram.ext import ContextTypes, MessageHandler, filters

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import MemoryStore

CHOICES = list(itertools.product(["single", "per-type", "per-record"], ["json", "pickle"], ["update", "interval"]))
EVERYWHERE = pytest.mark.parametrize(
    "how",
    [dict(zip(("layout", "codec", "save"), choice, strict=True)) for choice in CHOICES],
    ids=map("-".join, CHOICES),
)


@dataclasses.dataclass(unsafe_hash=True)
class Hashed:
    """It defines its own equality and hash, so instances may be keys of dicts elsewhere."""

    number: int = 0


@attrs.define(slots=False)
class Converted:
    """attrs gives it a ``__setattr__`` that converts."""

    number: int = attrs.field(default=0, converter=int)


CLASSES = pytest.mark.parametrize("cls", [Hashed, Converted])


class Place(NamedTuple):
    telegram: OfflineTelegram
    store: MemoryStore
    numbers: list[tuple[int, int]]

    def build(self, cls, **options):
        async def count(_update, context):
            context.user_data.number += 1
            context.chat_data.number += 1
            self.numbers.append((context.user_data.number, context.chat_data.number))

        builder = self.telegram.connect(bucket_application(self.store, types=[cls], **options))
        application = builder.context_types(ContextTypes(user_data=cls, chat_data=cls)).build()
        application.add_handler(MessageHandler(filters.ALL, count))
        return application


@pytest.fixture
def place():
    return Place(OfflineTelegram(), MemoryStore(), [])


def up_to(number):
    return [(count, count) for count in range(1, number + 1)]


@CLASSES
@EVERYWHERE
async def test_a_restart_keeps_what_was_counted(place, cls, how):
    ada = place.telegram.user(42, "Ada")
    for _ in range(3):
        async with place.build(cls, **how) as application:
            await ada.send(application, "one")
            await ada.send(application, "two")
    assert place.numbers == up_to(6)


@CLASSES
@EVERYWHERE
async def test_two_instances_in_turns_count_on(place, cls, how, caplog):
    ada = place.telegram.user(42, "Ada")
    async with place.build(cls, **how) as one, place.build(cls, **how) as other:
        for application in (one, other) * 3:
            await ada.send(application, "one")
            await ada.send(application, "two")
            await application.update_persistence()
    assert place.numbers == up_to(12)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
