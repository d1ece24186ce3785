"""Tests of processes that share a directory: killed, racing, forked."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess

import pytest

from ptb_bucket.errors import LostRaceError
from ptb_bucket.stores import Create, LocalStore, Update
from support.processes.child_processes import run

WRITER = """
    import asyncio, sys
    from ptb_bucket.errors import LostRaceError, NotFoundError
    from ptb_bucket.stores import Create, LocalStore, Update
    async def main(store):
        number = 0
        while True:
            number += 1
            data = b"%06d" % number * 50_000
            try:
                mode = Update((await store.get("big")).etag)
            except NotFoundError:
                mode = Create()
            await store.put("big", data, mode)
            print(number, flush=True)
    asyncio.run(main(LocalStore(sys.argv[1])))
"""


async def test_killed_writers_leave_whole_objects(tmp_path, count):
    for number in range(count(4, 60)):
        writer = run(WRITER, tmp_path, stdout=subprocess.PIPE)
        with writer:
            writer.stdout.readline()
            for _ in range(number % 5 * 3):
                check_whole((await LocalStore(tmp_path).get("big")).data)
                await asyncio.sleep(0.001)
            writer.send_signal(signal.SIGKILL)
        store = LocalStore(tmp_path)
        blob = await store.get("big")
        check_whole(blob.data)
        # The kill released the lock, and the next writer clears up.
        await store.put("big", b"000000" * 50_000, Update(blob.etag))
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "big"]


def check_whole(data):
    assert len(data) == 300_000
    assert data[:6] * 50_000 == data


COUNTER = """
    import asyncio, sys
    from ptb_bucket.errors import LostRaceError
    from ptb_bucket.stores import LocalStore, Update
    async def main(store, rounds):
        lost = 0
        while rounds:
            blob = await store.get("n")
            try:
                await store.put("n", b"%d" % (int(blob.data) + 1), Update(blob.etag))
                rounds -= 1
            except LostRaceError:
                lost += 1
        print(lost)
    sys.stdin.readline()
    asyncio.run(main(LocalStore(sys.argv[1]), int(sys.argv[2])))
"""


def test_processes_lose_no_increment(tmp_path, count):
    rounds = count(10, 400)
    asyncio.run(LocalStore(tmp_path).put("n", b"0", Create()))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    workers = [run(COUNTER, tmp_path, rounds, **pipes) for _ in range(8)]
    for worker in workers:
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=300)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8
    assert (tmp_path / "n").read_bytes() == b"%d" % (8 * rounds)
    assert sum(map(int, answers)) > 0, "nobody ever lost a race: this tested nothing"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_can_use_the_same_store(tmp_path):
    store = LocalStore(tmp_path)
    etag = asyncio.run(store.put("a", b"1", Create()))
    if (child := os.fork()) == 0:
        try:
            asyncio.run(store.put("a", b"2", Update(etag)))
        except BaseException:  # noqa: BLE001 the child must not run on into pytest
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with pytest.raises(LostRaceError):
        asyncio.run(store.put("a", b"3", Update(etag)))
