"""The wheels of this repository, built as a release builds them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from support import TESTS

if TYPE_CHECKING:
    from pathlib import Path

DISTRIBUTIONS = (".", "./providers/s3", "./providers/gcs")


def build_wheels(folder: Path) -> Path:
    """Build one wheel of each distribution into a folder, and return the folder. This downloads the build backend."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, *DISTRIBUTIONS]
    subprocess.run(command, cwd=TESTS.parent, check=True, timeout=300)
    return folder
