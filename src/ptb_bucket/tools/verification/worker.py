"""A process of a verification: ``python -m ptb_bucket.tools.verification.worker [--cut]``.

The first line on stdin is the place's URI as a JSON string. Each further line is a put as JSON, and is answered with
one line of JSON on stdout. The process ends when stdin does, so nothing is left of it if the command that started it
is killed.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import LostRaceError, PTBBucketError, UnavailableError
from ptb_bucket.stores import Create, Update, open_store, parse_uri
from ptb_bucket.tools.verification.relay import Relay, redirect

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore

__all__: list[str] = []


async def _put(store: BlobStore, command: dict[str, Any]) -> dict[str, Any]:
    """Put an object at the given moment, and return the outcome as the store reports it."""
    data = (command["text"] + "." * (command["size"] - len(command["text"]))).encode()
    mode = Update(command["etag"]) if command["etag"] else Create()
    await asyncio.sleep(max(0.0, command["at"] - time.time()))
    try:
        return {"outcome": "won", "etag": await store.put(command["key"], data, mode)}
    except LostRaceError:
        return {"outcome": "lost"}
    except UnavailableError:
        return {"outcome": "unclear"}
    except PTBBucketError as error:
        return {"outcome": "error", "message": str(error)}


async def _serve(relay: Relay | None) -> None:
    loop = asyncio.get_running_loop()
    uri: str = json.loads(sys.stdin.readline())
    async with open_store(parse_uri(uri)) as store:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command = json.loads(line)
            if relay is not None and command["limit"]:
                relay.arm(command["limit"], torn=command["torn"])
            answer = await _put(store, command)
            if relay is not None:
                relay.disarm()
                answer["uploads"] = relay.uploads
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that cleans up, which ends this one
    relay = None
    if "--cut" in sys.argv:
        relay = Relay()
        redirect(relay)
    asyncio.run(_serve(relay))


if __name__ == "__main__":
    _main()
