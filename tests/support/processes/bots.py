"""Bots and their tools in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys


def run_python(*arguments, cwd, text=None, **environment):
    """Run Python in a new process, without the variables that point to a bot of the person who tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "PTB_BUCKET_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd, input=text, capture_output=True, encoding="utf-8", env=inherited | environment,
        timeout=300, check=False,
    )  # fmt: skip
