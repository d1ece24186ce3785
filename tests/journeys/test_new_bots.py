"""New bots from the built wheels alone: what each README says about trying the bot, and the tools that it installs."""

from __future__ import annotations

import pytest

from ptb_bucket.starter import TARGETS
from support.processes.journeys import blocks

pytestmark = pytest.mark.long

FOLDERS = {"polling": "polling_bot", "lambda": "lambda_bot", "cloud-run": "cloud_run_bot"}


@pytest.mark.parametrize("target", TARGETS)
def test_a_new_bot_can_be_tried(journey, target):
    journey.activate()
    journey.run(f"pip install 'ptb-bucket[cli]'\nptb-bucket init my-bot --target {target}")
    try_it = blocks(f"examples/{FOLDERS[target]}/README.md")[0]
    said = journey.run(try_it, folder="my-bot", text="/start\nAda\nLondon\n/me\n")
    assert "Bot: I know Ada from London." in said
    assert "3 passed" in said
    tools = ". .venv/bin/activate\nruff check .\nruff format --check .\nmypy *.py\nptb-bucket show file:bot-data/123456"
    assert "Success: no issues found" in journey.run(tools, folder="my-bot")
