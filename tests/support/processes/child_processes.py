"""Programs that tests start as separate processes, and functions that start them.

The programs report to their parent on stdout.
"""

# ruff: noqa: T201

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
from typing import Any

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, PTBBucketError, add_differences
from ptb_bucket.errors import UnavailableError, UnsavedError

CHAT = -100
MAY_BE_PRELOADED = "# may be preloaded\n"
"""The first line of code and scripts that :mod:`support.processes.preloaded` may run where more is imported."""


def spawn(program: str, *arguments: object, source: object = None) -> subprocess.Popen[str]:
    """Start one of the programs below. Its errors are in ``stderr``.

    With ``source``, it runs on the ptb-bucket in that directory instead of the installed one.
    """
    environment = None if source is None else {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, "-X", "dev", "-W", "error", __file__, program, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


def run(code: str, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    """Start a few lines of a test's code."""
    command = [sys.executable, "-c", MAY_BE_PRELOADED + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, **options)


def start_together(*processes: subprocess.Popen[str]) -> None:
    """Let the processes go on once all of them are ready."""
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        print("go", file=process.stdin, flush=True)


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for a process that must succeed without errors, and return its output."""
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), err
    return out


def opened(uri: str, **options) -> BucketPersistence:
    """Open the persistence of one process."""
    persistence = BucketPersistence(uri, resolver=add_differences, **options)
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence


async def update_in_turns(uri: str, name: str, times: str) -> None:
    """Change chat, sets, lists and a counter as handlers do: refresh, change the live objects, save."""
    persistence = opened(uri, refresh_interval=0, commit_timeout=120)
    bot_data, chats = await persistence.get_bot_data(), await persistence.get_chat_data()
    chat = chats.setdefault(CHAT, {})
    for number in range(int(times)):
        await persistence.refresh_bot_data(bot_data)
        await persistence.refresh_chat_data(CHAT, chat)
        if number == 0:  # so the two meet at least once: both know the same document and both change it
            print("ready", flush=True)
            sys.stdin.readline()
        mine = f"{name} {number}"
        chat[mine] = number
        chat.setdefault("latest", {})[name] = number
        chat.setdefault("log", []).append(mine)
        bot_data["count"] += 1
        bot_data.setdefault("set", set()).add(mine)
        bot_data.setdefault("list", []).append(mine)
        await asyncio.gather(persistence.update_bot_data(bot_data), persistence.update_chat_data(CHAT, chat))
    await persistence.flush()
    print(persistence.stats.conflicts_merged)


async def run_into_a_newer_library(uri: str) -> None:
    """Start, wait until another process has changed the bucket, then refresh, save and end; print each result."""
    persistence = opened(uri, refresh_interval=0, commit_timeout=2)
    users = await persistence.get_user_data()
    print("ready", flush=True)
    sys.stdin.readline()
    for call in (
        lambda: persistence.refresh_user_data(1, users[1]),
        lambda: persistence.update_user_data(1, {"late": 1}),
        persistence.flush,
    ):
        try:
            await call()
        except PTBBucketError as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        else:
            print("done", flush=True)
    print(persistence.stats.pending)


async def end_in_an_outage(uri: str, spool: str) -> None:
    """Load, make a change, and end while nothing can be written."""
    persistence = opened(uri, spool_dir=spool, commit_timeout=0.1)
    bot_data = await persistence.get_bot_data()
    bot_data["list"].append("late")

    async def put(*_: object) -> str:
        raise UnavailableError("out")

    state = persistence._session.state if hasattr(persistence, "_session") else persistence._open  # in an older release
    state.store.put = put  # the outermost store that writes
    with contextlib.suppress(UnavailableError):
        await persistence.update_bot_data(bot_data)
    try:
        await persistence.flush()
    except UnsavedError:
        print("kept")


async def start(uri: str) -> None:
    """Start, and print the result."""
    persistence = opened(uri)
    try:
        await persistence.get_bot_data()
        print(await persistence.get_user_data())
    except PTBBucketError as error:
        print(f"{type(error).__name__}: {error}")


async def count_aloud(uri: str, first: str) -> None:
    """Save numbered states for ever, and print the number of each durable one."""
    persistence = opened(uri)
    users = await persistence.get_user_data()
    assert int(first) == 0 or users[1]["n"] >= int(first) - 1
    number = max(int(first), users.get(1, {"n": 0})["n"] + 1)
    while True:
        data = {"n": number, "padding": [number] * 2000}
        await asyncio.gather(persistence.update_user_data(1, data), persistence.update_user_data(2, data))
        print(number, flush=True)
        number += 1


async def die_while_saving(uri: str, when: str) -> None:
    """Save a new state, and be killed at a given point."""
    persistence = opened(uri)
    users = await persistence.get_user_data()
    synced, sync = [], os.fsync

    def sync_or_die(descriptor: int) -> None:
        synced.append(descriptor)
        if when == "half written" and len(synced) == 1:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
        if when == ("half written", "renamed")[len(synced) - 1]:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    def rename_or_die(event: str, _: object) -> None:
        if event == "os.rename" and when == "whole":
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = sync_or_die
    sys.addaudithook(rename_or_die)
    await persistence.update_user_data(1, {"n": users[1]["n"] + 1})


async def die_while_taking_up(uri: str, spool: str, moment: str) -> None:
    """Start with changes in the spool, and be killed at a given point."""

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        put = event == "os.rename" and str(arguments[1]).endswith(".json")
        removal = event == "os.remove" and str(arguments[0]).endswith(".spool")
        if {"before the put": put, "before the removal": removal}[moment]:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    await opened(uri, spool_dir=spool).get_bot_data()


async def start_with_spool(uri: str, spool: str) -> None:
    """Wait for a line from the parent, then start and print the loaded state."""
    persistence = opened(uri, spool_dir=spool)
    print("ready", flush=True)
    sys.stdin.readline()
    print((await persistence.get_bot_data())["log"])
    await persistence.flush()


def live_twice(uri: str) -> None:
    """Use one persistence in two event loops, one after the other."""
    persistence = opened(uri)

    async def run(number: int) -> None:
        users = await persistence.get_user_data()
        users.setdefault(1, {})[f"run {number}"] = number
        saving = asyncio.create_task(persistence.update_user_data(1, users[1]))
        await asyncio.sleep(0.001)  # now it writes, and the next one waits for its lock
        await asyncio.gather(saving, persistence.update_user_data(2, {"n": number}))
        if number < 2:
            return  # the first one ends without flush()
        await persistence.flush()

    asyncio.run(run(1))
    asyncio.run(run(2))
    print(persistence.stats.commits)


def fork_after_a_commit(uri: str) -> None:
    """Fork a process whose persistence has committed, and let both go on with it at the same time."""
    persistence = opened(uri)
    asyncio.run(persistence.update_bot_data({"list": ["before"], "count": 0}))
    reading, writing = os.pipe()
    child = os.fork()

    async def go_on(name: str) -> None:
        data = {"list": ["before"], "count": 0}
        for number in range(10):
            data["list"].append(f"{name} {number}")
            data["count"] += 1
            await persistence.update_bot_data(data)
        await persistence.flush()

    if child == 0:
        asyncio.run(go_on("child"))
        os.write(writing, persistence._session.replica.documents.writer.id.encode())
        os._exit(0)
    asyncio.run(go_on("parent"))
    _, status = os.waitpid(child, 0)
    assert status == 0
    theirs = os.read(reading, 100).decode()
    print(persistence._session.replica.documents.writer.id, theirs)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)  # do not report that a state is still empty
    _, _program, *_arguments = sys.argv
    _made = globals()[_program](*_arguments)
    if asyncio.iscoroutine(_made):
        asyncio.run(_made)
