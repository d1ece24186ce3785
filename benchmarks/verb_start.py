"""Measure the CPU time that verbs of ``ptb-bucket`` take in new processes, on a small state in a directory.

python benchmarks/verb_start.py [RUNS]
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence

VERBS = [
    "--version", "--help", "show {uri}", "show {uri} user_data 1", "history {uri}", "check {uri}", "export {uri} - -q",
    "show {uri} user_data --where premium", "explain {uri} user 1", "set {uri} user_data 1 premium true --dry-run",
    "edit {uri} user_data 1", "rm {uri} user_data 1 --dry-run", "erase-user {uri} 1 --dry-run",
    "copy {uri} file:{new} --dry-run", "import {exported} file:{new} --bot-id 123456 --dry-run", "broadcasts {uri}",
    "restore {uri}", "rekey {uri} --to-plain --dry-run", "sweep {uri} --dry-run", "verify {uri} --dry-run",
    "init {new} --dry-run", "web --help", "tick --help", "keygen",
]  # fmt: skip

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Without what containers often set: each run would compile all modules that the first one has not."""
ENVIRONMENT["EDITOR"] = "true"


async def fill(uri: str) -> None:
    """Save the data of 30 users."""
    persistence: BucketPersistence = BucketPersistence(uri, update_interval=60)
    persistence.set_bot(ExtBot("123456:offline"))
    await asyncio.gather(*(persistence.update_user_data(user, {"name": "Ada", "n": user}) for user in range(30)))
    await persistence.flush()


def cpu_seconds(words: list[str]) -> float:
    """Return the CPU time of one run, of the process and of the system on its behalf."""
    process = subprocess.Popen(  # noqa: S603  our interpreter and module
        [sys.executable, "-m", "ptb_bucket.cli", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )  # fmt: skip
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the least and the median CPU time of each verb."""
    runs = int(sys.argv[1]) if sys.argv[1:] else 9
    with tempfile.TemporaryDirectory() as folder:
        uri = f"file:{folder}/bot?keep=5"
        asyncio.run(fill(uri))
        exported = f"{folder}/bot.json"
        cpu_seconds(["export", uri, exported])
        for verb in VERBS:
            words = [word.format(uri=uri, new=f"{folder}/new", exported=exported) for word in verb.split()]
            times = [cpu_seconds(words) for _ in range(runs)]
            shown = verb.format(uri="URI", new="NEW", exported="FILE")
            print(f"{min(times):.3f} s  {statistics.median(times):.3f} s  {shown}", flush=True)


if __name__ == "__main__":
    main()
