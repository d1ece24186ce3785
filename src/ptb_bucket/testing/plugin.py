"""A pytest plugin that scales tests: ``pytest -p ptb_bucket.testing.plugin --long``.

``@pytest.mark.long`` is for tests that add little to similar ones, such as the same test on a second server. Without
``--long`` they are deselected, and pytest reports their number, also with pytest-xdist.
``@pytest.mark.detail`` is for tests that one place per provider is enough for. A test class with
``EVERY_DETAIL = True`` always runs them, any other class with ``--long``.

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

# Before they are imported, so that their failures show the compared values.
pytest.register_assert_rewrite("ptb_bucket.testing.conformance")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``--long``."""
    parser.addoption(
        "--long", action="store_true", help="repeat races, faults and listings often enough to trust the results"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, for ``--strict-markers``."""
    config.addinivalue_line("markers", "long: only with --long")
    config.addinivalue_line("markers", "detail: only with --long, or where the class says EVERY_DETAIL = True")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the marked tests in a short run."""
    if config.getoption("--long"):
        return
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if _is_long(item) else kept).append(item)
    items[:] = kept
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _is_long(item: pytest.Item) -> bool:
    every_detail = getattr(getattr(item, "cls", None), "EVERY_DETAIL", False)
    return bool(item.get_closest_marker("long") or (item.get_closest_marker("detail") and not every_detail))


def pytest_deselected(items: Sequence[Any]) -> None:
    """Record their number in a worker of pytest-xdist, whose own summary is not printed."""
    if items and (output := getattr(items[0].config, "workeroutput", None)) is not None:
        output["deselected"] = output.get("deselected", 0) + len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Report the number once in the main process, because all workers deselect the same tests."""
    del error
    left_out = getattr(node, "workeroutput", {}).get("deselected", 0)
    terminal = node.config.pluginmanager.get_plugin("terminalreporter")
    if left_out and terminal and "deselected" not in terminal.stats:
        node.config.hook.pytest_deselected(items=[node] * left_out)


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Return True in a long run."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def count(request: pytest.FixtureRequest) -> Count:
    """Choose between two numbers: ``count(25, 500)`` is 25, or 500 with ``--long``."""
    index = int(bool(request.config.getoption("--long")))
    return lambda *numbers: numbers[index]


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Share the SSL contexts, because each bot and client would read all CA certificates, twice."""
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
"""Private words in tests: bots' tokens and people's names. Our loggers must not contain them at any level."""


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
    """Fail a test if our log lines, or tracebacks in them, contain a token or a user's words."""
    handler, logger = _Overheard(), logging.getLogger("ptb_bucket")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
    assert handler.told == []
