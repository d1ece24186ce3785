"""Shared parts of the tests, as ``from support.PACKAGE.MODULE import NAME``.

============  ====================================================================================================
package       contents
============  ====================================================================================================
applications  builders of bots on an offline Telegram, restarts, several instances, PTB's Application beside ours
documents     documents of old and newer releases, sealing options, the ledger without input or output, virtual time
oracle        random runs whose handlers must see what they see with PTB's PicklePersistence
processes     programs that run as separate processes, and command line verbs that do not have to
serverless    a bot behind uvicorn, and the events of AWS Lambda
simulation    several replicas on one store against a plain model, from one seed
values        storable values, classes of bot authors, code that raises, and malicious pickles
============  ====================================================================================================

Programs in here run with ``tests`` on their path: start them with :func:`environment`.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["TESTS", "environment"]

TESTS = Path(__file__).parents[1]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a process that imports ``support``.

    Args:
        more: Variables to set.

    Returns:
        The variables of this process with ``tests`` first on the path, and those.
    """
    path = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **more}
