"""What tests of the recipes need: the programs of hosts, and a bot that can reach nobody."""

from __future__ import annotations

import shutil

import pytest

from support.serverless.asgi_server import SECRET


def needs(program, reason):
    """Return the path of a program, or skip the test with the reason."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed: {reason}")
    return path


def offline(folder):
    """Return the variables of a bot behind a webhook that can reach nobody."""
    return {
        "PORT": "0", "PTB_BUCKET_URI": f"file:{folder}/bucket", "TELEGRAM_BOT_TOKEN": "123456:offline",
        "TELEGRAM_WEBHOOK_SECRET": SECRET, "HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
