"""Set up every run: the number of examples, bytecode, and the summary of the oracle."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from support.oracle.statistics import added_up, line

ROOT = Path(__file__).parents[1]


def pytest_configure(config):
    """Draw few examples in short runs and many with ``--long``, without deadlines, because machines are busy."""
    settings.register_profile("short", deadline=None, max_examples=40, database=None)
    settings.register_profile("long", deadline=None, max_examples=2000, database=None)
    settings.load_profile("long" if config.getoption("--long") else "short")
    _keep_files_in_memory()
    # Containers often set it. Tests start hundreds of processes, and each would compile all our sources anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


ROOM = 4 << 30
"""The bytes that must be free in memory. A run takes 0.15 GB, and pytest keeps three."""


def _keep_files_in_memory():
    """Put temporary directories into memory where it has room: a disk takes long for files that are all synced.

    PYTEST_DEBUG_TEMPROOT chooses another place.
    """
    memory = Path("/dev/shm")  # noqa: S108  pytest creates a directory there that only this user can open
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ROOM:
        return
    if os.statvfs(memory).f_flag & os.ST_NOEXEC:  # tests also start programs there
        return
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


SLOWEST = (
    "tests/web/test_pages.py",
    "tests/web/test_values.py",
    "tests/cli/conventions/test_every_verb.py",
    "tests/cli/conventions/test_silent_server.py",
    "s3/tests/kit/test_verify.py",
    "tests/web/test_writing.py",
    "tests/web/test_security.py",
    "tests/web/test_access.py",
    "s3/tests/kit/test_several_instances.py",
    "s3/tests/kit/test_faults.py",
    "s3/tests/kit/test_conformance.py",
    "tests/state/simulation/test_deliberate_bugs.py",
    "tests/cli/values/test_scripts.py",
    "tests/cli/test_tools.py",
    "s3/tests/test_lifecycle.py",
    "s3/tests/kit/test_tools.py",
    "tests/serverless/asgi/test_server.py",
    "tests/integration/old_releases/test_old_and_new_processes.py",
    "tests/state/simulation/test_simulation.py",
    "tests/starter/test_init.py",
    "tests/codecs/telegram/test_late_telegram.py",
    "tests/benchmarks/test_scale.py",
    "s3/tests/kit/test_races.py",
    "tests/application/shutdown/test_sigterm.py",
    "tests/integration/outages/test_spool.py",
    "tests/tools/transfer/test_pickle_round_trips.py",
)
"""The files that take longest, longest first. If one began last, one worker would run it while the others had ended."""


ONCE = (
    "tests/docs/", "tests/benchmarks/", "tests/terraform/",
    "tests/cli/conventions/test_every_verb.py", "tests/cli/conventions/test_silent_server.py",
    "tests/test_documentation.py", "tests/test_import_rules.py", "tests/test_imports_between_packages.py",
    "tests/integration/test_soak.py",
    "s3/tests/kit/test_verify.py", "gcs/tests/kit/test_verify.py", "s3/tests/kit/test_killed_tickers.py",
    "gcs/tests/kit/test_killed_tickers.py",
)  # fmt: skip
"""Tests whose outcome does not depend on the version of Python. Those in a browser are left out with them."""


def pytest_collection_modifyitems(config, items):
    """Run the slowest files first, and the others in their order. Leave out what CI has run on another Python."""
    if os.environ.get("PTB_BUCKET_ANOTHER_PYTHON"):
        _leave_out(config, items)
    ranks = {name: rank for rank, name in enumerate(SLOWEST)}
    there = {_place(path) for folder in ("tests", "providers") for path in ROOT.glob(f"{folder}/**/test_*.py")}
    if missing := ranks.keys() - there:
        raise AssertionError(f"SLOWEST names files that do not exist: {sorted(missing)}")

    items.sort(key=lambda item: ranks.get(_place(item.path), len(SLOWEST)))


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the collector ignore the collected tests: there are so many that each of its full runs would take long."""
    gc.disable()  # they stay
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Send no output and no log of a test that has passed to the main process, which shows them only with ``-rP``."""
    report = yield
    if report.passed and not {"P", "A"} & set(item.config.option.reportchars):
        report.sections = []
    return report


def _leave_out(config, items):
    left_out = {item for item in items if _place(item.path).startswith(ONCE) or "chromium" in item.fixturenames}
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def _place(path):
    """Return a file's path as ``SLOWEST`` and ``ONCE`` have it."""
    return path.as_posix().removeprefix(f"{ROOT.as_posix()}/").removeprefix("providers/")


def pytest_terminal_summary(terminalreporter):
    """Report what the runs of the oracle consisted of."""
    total = added_up(report for reports in terminalreporter.stats.values() for report in reports)
    if total.counts:
        terminalreporter.write_line(line(total))
