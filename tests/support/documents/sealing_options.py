"""Sealing options for tests."""

from __future__ import annotations

import base64
import itertools

from ptb_bucket import Sealing

BOT = "123456"
MAGIC = b"ptb-bucket sealed "
KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(1, 4)]
PROTECTIONS = {"none": None, "hmac-sha256": "signing_keys", "aes-256-gcm": "encryption_keys"}
COMPRESSIONS = ["none", "gzip", "zstd"]
WAYS = list(itertools.product(PROTECTIONS, COMPRESSIONS))


def sealing(protection="none", compression=None, *keys, **more) -> Sealing:
    """Return settings that do not depend on the environment. Without ``keys``, use the first of KEYS."""
    argument = PROTECTIONS[protection]
    given = {argument: list(keys or KEYS[:1])} if argument else {"environment": {}}
    return Sealing(compression=compression, **given, **more)


def sealer(protection="none", compression=None, *keys, bot_id=BOT, **more):
    return sealing(protection, compression, *keys, **more).sealer(bot_id)
