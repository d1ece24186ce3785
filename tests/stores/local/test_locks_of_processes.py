"""Tests of a local directory's lock and processes: a killed one leaves it free, and a forked child unlocks nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from ptb_bucket.stores.local import locks
from support.processes.child_processes import run
from support.processes.lock_holders import is_free

HOLDER = """
    import os, subprocess, sys, time
    from pathlib import Path
    from ptb_bucket.stores.local.locks import locked
    with locked(Path(sys.argv[1]), 10):
        if sys.argv[2] == "start a child":
            child = subprocess.Popen(["sleep", "60"], close_fds=False).pid
        elif sys.argv[2] == "fork":
            child = os.fork()
            if child == 0:
                time.sleep(60)
        else:
            child = 0
        print(child, flush=True)
        time.sleep(60)
"""


def free_within(root, seconds) -> bool:
    end = time.monotonic() + seconds
    while not is_free(root) and time.monotonic() < end:
        time.sleep(0.005)
    return is_free(root)


@pytest.mark.parametrize("way", ["alone", "start a child", "fork"])
def test_the_lock_of_a_killed_process_is_free_even_if_its_children_run_on(tmp_path, way):
    with run(HOLDER, tmp_path, way, stdout=subprocess.PIPE) as holder:
        child = int(holder.stdout.readline())
        try:
            assert not is_free(tmp_path)
            holder.kill()
            holder.wait(30)
            if child:
                os.kill(child, 0)  # it lives
            assert free_within(tmp_path, 5)
        finally:
            if child:
                os.kill(child, signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_does_not_unlock_what_its_parent_holds(tmp_path):
    with locks.locked(tmp_path, 0):
        if (child := os.fork()) == 0:
            os._exit(0 if not locks._OPENED and not is_free(tmp_path) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert not is_free(tmp_path)
    assert is_free(tmp_path)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_that_was_forked_inside_closes_no_file_of_its_own_when_it_leaves(tmp_path):
    """By then the file descriptor of the lock may belong to another file."""
    child = -1
    with locks.locked(tmp_path, 0):
        (number,) = locks._OPENED
        if (child := os.fork()) == 0:
            mine = os.open(tmp_path / "mine", os.O_CREAT | os.O_WRONLY)
    if child == 0:
        try:
            os.write(mine, b"still open")
        except OSError:
            os._exit(1)
        os._exit(0 if mine == number else 2)
    assert os.waitpid(child, 0)[1] == 0
