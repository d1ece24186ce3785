"""Measure what the light client for Google saves: CPU from the import to the first GET, in fresh processes, in turns.

    python benchmarks/google_clients.py [--rounds 11] [--python PATH]

Each process has imported telegram.ext and ptb_bucket, with httpx and its certificates. Then the first imports
google-cloud-storage. The others send the same GET to the JSON API: the second with google-auth's credentials for Cloud
Run, the third with httpx alone, and the fourth is ptb-bucket's light client. None fetches a token. The server is
fake-gcs-server, in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys

from sdk.bare import bare, new_bucket
from sdk.servers import Server, running, without_accounts
from starting.processes import CERTIFICATES

BEGIN = """
import sys, time
import telegram.ext, httpx, ptb_bucket
from ptb_bucket.stores import open_store, tls_context
url, bucket = sys.argv[1:]
client = httpx.AsyncClient(verify=tls_context())
begin = time.process_time()
"""
SDK = """
from google.auth import compute_engine
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
client = storage.Client("p", AnonymousCredentials(), client_options={"api_endpoint": url})
assert client.bucket(bucket).blob("state").download_as_bytes() == b"state"
"""
LIGHT = """
import asyncio
async def get():
    answer = await client.get(f"{url}/download/storage/v1/b/{bucket}/o/state", params={"alt": "media"})
    assert answer.content == b"state", answer
asyncio.run(get())
"""
OURS = """
import asyncio
async def get():
    async with open_store(f"gs://{bucket}?client=light&endpoint_url={url}") as store:
        assert (await store.get("state")).data == b"state"
asyncio.run(get())
"""
END = "print(time.process_time() - begin)"
PROGRAMS = {
    "google-cloud-storage": SDK,
    "google-auth and httpx": "from google.auth import compute_engine\n" + LIGHT,
    "httpx alone": LIGHT,
    "ptb-bucket's light client": OURS,
}


async def filled(server: Server) -> str:
    """Create a bucket with one object."""
    async with bare(server) as sdk:
        bucket = await new_bucket(sdk)
        await sdk.put(bucket, "state", b"state", None)
    return bucket


def spent(python: str, program: str, *arguments: str) -> float:
    """Return the CPU milliseconds that a process spent."""
    command = [python, "-W", "ignore", "-c", BEGIN + program + END, *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in CERTIFICATES}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    return float(done.stdout) * 1000


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--python", default=sys.executable, help="measure with this interpreter")
    options = parser.parse_args()
    without_accounts()
    with running("fake-gcs-server") as server:
        place = server.url, asyncio.run(filled(server))
        rounds = [
            {name: spent(options.python, program, *place) for name, program in PROGRAMS.items()}
            for _ in range(options.rounds + 1)
        ][1:]
    for name in PROGRAMS:
        found = [one[name] for one in rounds]
        print(f"{name}: {statistics.median(found):.0f} ms, at least {min(found):.0f}")


if __name__ == "__main__":
    main()
