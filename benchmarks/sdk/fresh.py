"""A program that prints the time of a fresh process until its first answer, step by step. ``fresh.py URI``."""

import json
import sys
import time

ROOTS = ("aioboto3.", "aiobotocore.", "aiohttp.", "boto3.", "botocore.", "google.", "requests.", "urllib3.")
STEPS = {"begin": time.perf_counter()}


def done(step: str) -> None:
    """Record the time of a step."""
    STEPS[step] = time.perf_counter()


def of_an_sdk() -> list[str]:
    """Return the modules of SDKs that are loaded."""
    return sorted(
        name for name in sys.modules if f"{name}.".startswith(tuple(f"{root.rstrip('.')}." for root in ROOTS))
    )


import telegram.ext  # noqa: E402

BEFORE = of_an_sdk()  # what other packages prepare at start-up is not ours
done("telegram.ext")

import asyncio  # noqa: E402
import logging  # noqa: E402

import ptb_bucket  # noqa: E402

done("ptb_bucket")


def opened(bot: telegram.ext.ExtBot[None]) -> ptb_bucket.BucketPersistence:
    """Return a persistence with a bot, before its first request."""
    persistence: ptb_bucket.BucketPersistence = ptb_bucket.BucketPersistence(sys.argv[1])
    persistence.set_bot(bot)
    return persistence


async def main() -> None:
    """Open and read, twice: only the first time imports."""
    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)  # hides the warning about an empty state
    bot = telegram.ext.ExtBot("123456:offline")  # whose HTTP client takes longer than all of ours
    done("bot")
    one = opened(bot)
    done("opened")
    loaded = sorted({*of_an_sdk()} - {*BEFORE})
    done("looked")
    await one.get_bot_data()
    done("first")
    two = opened(bot)
    await two.get_bot_data()
    done("second")
    print(json.dumps({"steps": STEPS, "too early": loaded, "loaded": len(of_an_sdk())}))
    await asyncio.gather(one.flush(), two.flush())


asyncio.run(main())
