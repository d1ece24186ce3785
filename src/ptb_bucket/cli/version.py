"""The text of ``--version``: ptb-bucket, its providers, python-telegram-bot and Python, for reports of bugs."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, entry_points, version

__all__ = ["version_text"]


def version_text() -> str:
    """Return the versions of ptb-bucket and of everything that its behaviour depends on, without importing any."""
    return "\n".join(
        [
            f"ptb-bucket {version('ptb-bucket')}",
            f"providers: {', '.join(_providers())}",
            f"python-telegram-bot {_installed('python-telegram-bot')}",
            f"Python {platform.python_version()} ({platform.system()} {platform.machine()})",
        ]
    )


def _providers() -> list[str]:
    found = {}
    for entry in entry_points(group="ptb_bucket.providers"):
        owner = entry.dist
        found[entry.name] = (
            f"{entry.name}:" if owner is None or owner.name == "ptb-bucket" else
            f"{entry.name}: ({owner.name} {owner.version})"
        )  # fmt: skip
    return [found[name] for name in sorted(found)]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"
