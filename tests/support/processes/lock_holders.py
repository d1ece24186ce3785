"""A second holder of the lock, for tests of ``file:`` stores."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

from ptb_bucket.stores import Create, LocalStore

fcntl = pytest.importorskip("fcntl", reason="takes the part of another instance with flock()")
TAKE = fcntl.LOCK_EX | fcntl.LOCK_NB


@contextmanager
def taken(root):
    """Hold the lock as another instance that uses filelock does."""
    with (root / ".lock").open("a") as file:
        fcntl.flock(file, TAKE)
        yield


def is_free(root) -> bool:
    try:
        with taken(root):
            return True
    except BlockingIOError:
        return False


async def put(root, key="a", *, timeout=0.05):
    return await LocalStore(root, lock_timeout=timeout).put(key, b"1", Create())


def refusing(number):
    def flock(descriptor, operation):
        raise OSError(number, os.strerror(number))

    return flock
