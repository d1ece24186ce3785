"""The threads of the Google Cloud Storage client, which end soon after their store."""

from __future__ import annotations

import asyncio
import threading
import time

SDK = "google-cloud-storage"


def our_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ptb-bucket-gcs")]


async def ended(seconds=2.0):
    """Return True if our threads end within that time."""
    deadline = time.monotonic() + seconds
    while our_threads() and time.monotonic() < deadline:  # noqa: ASYNC110  threads set no event
        await asyncio.sleep(0.01)
    return not our_threads()
