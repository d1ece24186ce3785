"""A pytest plugin that scales tests: ``pytest -p ptb_bucket.testing.plugin --long``.

``@pytest.mark.long`` is for what tells little beyond its neighbours, such as the same test on a second server: without
``--long`` it is deselected, and pytest says how many were; with pytest-xdist, too.
``@pytest.mark.detail`` is for what one place shows for all: a test class that says ``EVERY_DETAIL = True`` always runs
it, any other with ``--long``.

While it runs, ``ssl.create_default_context`` gives all callers in the process the same context for the same arguments.
"""

from __future__ import annotations

import functools
import logging
import signal
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

__all__ = ["Count", "count", "long"]

Count = Callable[[int, int], int]
"""``count(short, long)`` → the number to use in this run."""

# Before anybody imports them, so that their failures show the values compared.
pytest.register_assert_rewrite("ptb_bucket.testing.conformance")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--long``."""
    parser.addoption("--long", action="store_true", help="repeat races, faults and listings often enough to be sure")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, for ``--strict-markers``."""
    config.addinivalue_line("markers", "long: only with --long")
    config.addinivalue_line("markers", "detail: only with --long, or where the class says EVERY_DETAIL = True")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked, in a short run."""
    if config.getoption("--long"):
        return
    left_out = [item for item in items if _is_long(item)]
    items[:] = [item for item in items if not _is_long(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _is_long(item: pytest.Item) -> bool:
    every_detail = getattr(getattr(item, "cls", None), "EVERY_DETAIL", False)
    return bool(item.get_closest_marker("long") or (item.get_closest_marker("detail") and not every_detail))


def pytest_deselected(items: Sequence[Any]) -> None:
    """Note how many, in a worker of pytest-xdist: its own line is printed nowhere."""
    if items and (output := getattr(items[0].config, "workeroutput", None)) is not None:
        output["deselected"] = output.get("deselected", 0) + len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Say it where lines are printed, once: every worker leaves out the same."""
    del error
    left_out = getattr(node, "workeroutput", {}).get("deselected", 0)
    terminal = node.config.pluginmanager.get_plugin("terminalreporter")
    if left_out and terminal and "deselected" not in terminal.stats:
        node.config.hook.pytest_deselected(items=[node] * left_out)


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether this run may take its time."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def count(request: pytest.FixtureRequest) -> Count:
    """Choose between two numbers: ``count(25, 500)`` is 25, or 500 with ``--long``."""
    index = int(bool(request.config.getoption("--long")))
    return lambda *numbers: numbers[index]


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Share what ``ssl`` makes of the CA certificates: each bot and client would read all of them, twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT end the processes that a test starts, also where the shell ignores it, as one does in background jobs.

    A process inherits what its parent ignores, so a test that sends SIGINT would wait for ever.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


PRIVATE = (":offline", "Ada", "Grace")
"""What tests plant: the tokens of their bots and the names of their people. Our loggers say neither, at any level."""


class _Overheard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if any(word in text for word in PRIVATE):
            self.told.append(text)


@pytest.fixture(autouse=True)
def nothing_private_is_logged() -> Iterator[None]:
    """Fail the test in which a log line of ours, or a traceback in it, holds a token or what a user told the bot."""
    handler, logger = _Overheard(), logging.getLogger("ptb_bucket")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert handler.told == []
