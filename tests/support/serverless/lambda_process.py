"""A process of AWS Lambda: it imports the module of a bot, and handles the events that it reads, one a line.

    python -m support.serverless.lambda_process < events

A line is a JSON object: ``{"event": ...}`` handles an event; ``{"copies": [...]}`` makes a copy of the process for each
event. If AWS took a snapshot of this process, each copy has its process ID and its state of ``random``, which a fork
has not, and AWS's hooks are called. Each line is answered with one line.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys

if os.environ.get("HOOKS") == "no":
    sys.modules["snapshot_restore_py"] = None

logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")

from support.serverless import lambda_bot  # noqa: E402  the log is set up before, as AWS does
from support.serverless.lambda_events import Context  # noqa: E402

SNAPSHOT = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
PROCESS, STATE = os.getpid(), random.getstate()


def handled(event):
    """Handle an event, and tell what happened."""
    try:
        status = lambda_bot.handler(event, Context(float(os.environ.get("SECONDS", "30"))))["statusCode"]
    except Exception as error:  # noqa: BLE001  as AWS shows it
        status = type(error).__name__
    return {"status": status, "built": len(lambda_bot.built), **(lambda_bot.seen[-1] if lambda_bot.seen else {})}


def restore():
    """Make a fork what a restored snapshot is, and call AWS's hooks."""
    random.setstate(STATE)
    os.getpid = lambda: PROCESS
    if sys.modules.get("snapshot_restore_py"):
        for hook, arguments, options in sys.modules["snapshot_restore_py"].get_after_restore():
            hook(*arguments, **options)


def restored(event):
    """Handle an event in a copy of this process; return where its answer is read."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        return os.fdopen(reading)
    try:
        if SNAPSHOT:
            restore()
        built = len(lambda_bot.built)
        os.write(writing, json.dumps({"built by the hook": built, **handled(event)}).encode())
    finally:
        os._exit(0)


def answer(command):
    """Do what a line says."""
    if "event" in command:
        return handled(command["event"])
    copies = [restored(event) for event in command["copies"]]
    return [json.loads(copy.read()) for copy in copies]


print(json.dumps({"built": len(lambda_bot.built)}), flush=True)  # noqa: T201
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)  # noqa: T201
