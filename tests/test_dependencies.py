"""Tests that a fresh machine gets the newest version of every dependency, but none that may break a promise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
UNCAPPED = {
    "cryptography": "its AES-GCM and HKDF are checked against the standards when a key is used",
    "attrs": "numbered by date, and only tests use it",
    "pytz": "numbered by date, and only tests use it",
    "tzdata": "numbered by date, and only data",
    "nox": "numbered by date, and only our own commands use it",
}


def requirements():
    import tomllib  # noqa: PLC0415  since Python 3.11

    for path in (ROOT / "pyproject.toml", *ROOT.glob("providers/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))
        yield from project["build-system"]["requires"]
        yield from project["project"]["dependencies"]
        for extra in project["project"]["optional-dependencies"].values():
            yield from extra


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib, which reads pyproject.toml, is in Python 3.11")
def test_every_dependency_is_capped_or_checked():
    found = [Requirement(text) for text in requirements()]
    others = [one for one in found if not one.name.startswith("ptb-bucket")]
    capped = {one.name for one in others if any(part.operator in {"<", "=="} for part in one.specifier)}
    assert {one.name for one in others} - capped == set(UNCAPPED)
