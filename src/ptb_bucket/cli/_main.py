"""The command line: one clear line for everything that goes wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ptb_bucket.cli._box import run
from ptb_bucket.cli._console import Code, complain, prepare_streams, report
from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``ptb-bucket``.

    Args:
        argv: The arguments after the command's name; without, those of the process.

    Returns:
        The exit code; see :class:`ptb_bucket.cli._console.Code`.
    """
    prepare_streams()
    try:
        return run(list(sys.argv[1:] if argv is None else argv))
    except PTBBucketError as error:
        return report(error)
    except KeyboardInterrupt:
        return complain("interrupted", Code.INTERRUPTED)
