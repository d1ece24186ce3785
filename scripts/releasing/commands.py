"""Running other programs, without anything of the checkout in their environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from releasing.errors import ReleaseError

__all__ = ["clean_environment", "run", "tracked_files"]

_OURS: Final = ("PYTHON", "VIRTUAL_ENV", "AWS_", "GOOGLE_", "STORAGE_", "PTB_BUCKET_", "TELEGRAM_", "TWINE_")


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without settings of Python, of clouds and of bots."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | extra


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program to its end.

    Returns:
        What it printed.

    Raises:
        ReleaseError: It failed. The message contains what it printed.
    """
    words = [str(word) for word in command]
    done = subprocess.run(  # noqa: S603  our own programs
        words, cwd=cwd, env=env or clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReleaseError(f"`{' '.join(words)}` ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def tracked_files(root: Path) -> list[Path]:
    """Return the files that git tracks and that exist, relative to the root."""
    names = run("git", "ls-files", "-z", cwd=root).split("\0")
    return [Path(name) for name in names if name and root.joinpath(name).is_file()]
