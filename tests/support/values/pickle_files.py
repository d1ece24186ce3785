"""Pickle files of twenty bots with every supported type, as PicklePersistence writes them and reads them again.

Run as ``python -m support.values.pickle_files STEP FOLDER``, each step in a separate process with another hash seed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from telegram import Chat, Message, Update, User
from telegram.constants import ChatType
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket.codecs import same
from ptb_bucket.tools import export_pickle, import_memory, open_state, read_memory
from support.values.strategies import (
    TYPES,
    Amount,
    Attrs,
    Basket,
    Both,
    Cart,
    Colour,
    Frozen,
    FrozenAttrs,
    Level,
    Model,
    Name,
    ObjectId,
    Plain,
    Point,
    Rights,
    Slotted,
    Stack,
    Tags,
    hashables,
    identical,
    storable,
    telegram_objects,
)

MANY = 20
BOT = ExtBot("123456:offline")
STATES = hashables().filter(lambda state: state is not None)
IDS = st.integers(-(2**52), 2**52)
BUTTONS = st.dictionaries(st.uuids().map(lambda uuid: uuid.hex), storable(), max_size=2)
UUIDS = st.lists(st.integers(1, 2**100).map(lambda number: UUID(int=number).hex), unique=True, max_size=2)
DATA = st.dictionaries(hashables(), storable(), min_size=1, max_size=3)
THINGS = st.dictionaries(hashables(), telegram_objects(storable()), min_size=1, max_size=2)
HANDLER = st.dictionaries(st.tuples(IDS, IDS), STATES, min_size=1, max_size=3)
MEMORIES = st.fixed_dictionaries(
    {
        "user_data": st.dictionaries(IDS, DATA, min_size=1, max_size=3),
        "chat_data": st.dictionaries(IDS, THINGS, max_size=2),
        "bot_data": DATA,
        "conversations": st.dictionaries(st.text("abc", min_size=1), HANDLER, max_size=2),
        "keyboards": st.tuples(UUIDS, BUTTONS),
    }
)


EACH = [
    *(Cart(1), Frozen(1), Colour.BLUE, Level.HIGH, Rights.READ | Rights.WRITE, ChatType.GROUP, Model(number=1)),
    *(Attrs(1), FrozenAttrs(1), Point(1), Name("x"), Amount(3), Basket(a=1), Stack([1]), Tags({1}), ObjectId(b"x")),
    *(Plain(1), Slotted(1), Both(1, 2), OrderedDict(a=1), Counter("aab"), defaultdict(Cart, a=1), deque([1], 3)),
    *(Decimal("1.10"), Fraction(1, 3), UUID(int=1), 1j, range(3), b"x", bytearray(b"x"), {1, "1"}, frozenset({1.0})),
    *(dt.date(2026, 1, 2), dt.timedelta(1), dt.timezone(dt.timedelta(hours=2), "x"), dt.time(1), (True, None)),
    dt.datetime(2026, 1, 2, tzinfo=ZoneInfo("UTC")),
    Update(1, message=Message(1, dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), Chat(1, "private"))),
    User(1, "Ada", is_bot=False),
]
"""What is drawn need not have all of it."""


def drawn():
    """Draw the same values on each machine."""
    found = []

    @seed(20)
    @settings(max_examples=MANY + 5, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(MEMORIES)
    def draw(memory):
        found.append(memory)

    draw()
    assert len(found) >= MANY
    for memory in found:
        memory["bot_data"]["each"] = EACH
    return found[-MANY:]


def options(number):
    """Return a layout, a codec and ``single_file`` for the bot with this number, so that all combinations occur."""
    layout = ("single", "per-type", "per-record")[number // 2 % 3]
    return f"?layout={layout}&codec={('json', 'pickle')[number % 2]}", number // 4 % 2 == 0


def persistence(path, *, single):
    made = PicklePersistence(path, single_file=single, on_flush=True)
    made.set_bot(BOT)
    return made


async def write(folder):
    for number, memory in enumerate(drawn()):
        made = persistence(folder / f"{number}.pickle", single=options(number)[1])
        made.user_data, made.chat_data = memory["user_data"], memory["chat_data"]
        made.bot_data, made.conversations = memory["bot_data"], memory["conversations"]
        uuids, buttons = memory["keyboards"]
        made.callback_data = ([(uuid, float(at), buttons) for at, uuid in enumerate(uuids)], {str(u): u for u in uuids})
        await made.flush()


async def take_over(folder):
    for number in range(MANY):
        memory = read_memory(folder / f"{number}.pickle", types=TYPES)
        uri = f"file:{folder.as_posix()}/{number}{options(number)[0]}"
        async with open_state(uri, types=TYPES, bot_id="123456", create=True) as state:
            await import_memory(state, memory)


async def give_back(folder):
    for number in range(MANY):
        async with open_state(f"file:{folder.as_posix()}/{number}", types=TYPES) as state:
            path, single = folder / f"{number}.back", options(number)[1]
            await export_pickle(state, path, types=TYPES, multi=not single)
    await compare(folder)


async def read(path, *, single):
    made = persistence(path, single=single)
    data = {
        "user_data": await made.get_user_data(),
        "chat_data": await made.get_chat_data(),
        "bot_data": await made.get_bot_data(),
        "callback_data": await made.get_callback_data(),
    }
    await made.get_conversations("")
    data["callback_data"] = data["callback_data"] or ([], {})
    return {**data, "conversations": {name: states for name, states in (made.conversations or {}).items() if states}}


async def compare(folder):
    for number in range(MANY):
        single = options(number)[1]
        before = await read(folder / f"{number}.pickle", single=single)
        after = await read(folder / f"{number}.back", single=single)
        if single:
            before["callback_data"] = before["callback_data"] or ([], {})
        for kind, value in before.items():
            assert same(after[kind], value), (number, kind)
            if kind in {"user_data", "chat_data"}:  # and by a comparison that shares no code with ours
                assert all(identical(after[kind][key], inner) for key, inner in value.items()), (number, kind)


if __name__ == "__main__":
    asyncio.run({"write": write, "import": take_over, "export": give_back}[sys.argv[1]](Path(sys.argv[2])))
