"""The tutorial: all commands of its page, in order, from an empty folder and the built wheels alone."""

from __future__ import annotations

import re

import pytest

from support.processes.journeys import blocks

pytestmark = pytest.mark.long

PAGE = "docs/tutorial/index.md"
CHECKS = {  # what the page promises in words
    "3 passed": "the generated tests",
    "webhook_url": "terraform's outputs",
    "Nobody has written to the bot yet.": "the state of a bot that runs nowhere",
    "Destroy complete!": "the end",
}


def test_every_command_of_the_tutorial(journey, lambda_python, terraform):
    script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(blocks(PAGE))
    assert len(blocks(PAGE)) > 10
    said = journey.run(script, timeout=1500)
    for expected in blocks(PAGE, "text"):
        assert expected in said.replace("\n> \n", "\n"), said
    assert {words for words in CHECKS if words not in said} == set(), said
    assert re.search(r"bot123456:rehearsal/setWebhook -d secret_token=\w{64} -d url=https?://\S+", journey.calls[0])
