"""Tests of the examples that have their own tests: these pass, and the code keeps the rules of its pyproject.toml."""

from __future__ import annotations

import shutil

import pytest

from support.processes.bots import run_python
from support.processes.preloaded import preloading
from support.serverless.examples import EXAMPLES

programs_are_preloaded = preloading("telegram.ext", "pytest")


@pytest.fixture
def project(name, tmp_path):
    """Return a copy of an example."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "bot-data")
    return shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=ignored)


@pytest.mark.parametrize("tool", ["ruff check --no-cache", "ruff format --check --no-cache", "pytest -q"])
@pytest.mark.parametrize("name", ["newsletter_bot", "shop_bot"])
def test_an_example_passes_its_own_checks(project, tool):
    done = run_python("-m", *tool.split(), cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
