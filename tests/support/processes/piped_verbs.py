"""Verbs in a new process, whose stdout is a pipe."""

from __future__ import annotations

import os
import subprocess
import sys


def run(*arguments, text=None, **environment):
    """Run the command in a new process, whose stdout is a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "ptb_bucket.cli", *arguments],
        input=text, capture_output=True, encoding="utf-8", env=os.environ | environment, timeout=120, check=False,
    )  # fmt: skip
