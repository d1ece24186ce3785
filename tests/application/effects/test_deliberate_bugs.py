"""Deliberate bugs of effects, each noticed by a scenario of the shop."""

from __future__ import annotations

import pytest

from support.effects import bugs
from support.effects.scenarios import fail_everywhere, kill_everywhere, meet

pytestmark = pytest.mark.usefixtures("each_instance_is_a_process")
BUGS = [
    (bugs.run_before_the_commit, kill_everywhere),
    (bugs.result_not_stored, kill_everywhere),
    (bugs.stored_under_another_unit, kill_everywhere),
    (bugs.forgotten_after_a_lost_answer, fail_everywhere),
    (bugs.repeated_after_a_merge, meet),
    (bugs.half_of_the_handlers_data_with_the_result, kill_everywhere),
    (bugs.intent_not_written, kill_everywhere),
    (bugs.ended_before_the_run, kill_everywhere),
    (bugs.expired_at_once, kill_everywhere),
    (bugs.counted_as_handled_although_the_result_is_unsaved, fail_everywhere),
]


@pytest.mark.parametrize(("bug", "scenario"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
async def test_a_deliberate_bug_is_noticed(bug, scenario, clock, monkeypatch):
    bug(monkeypatch)
    with pytest.raises(AssertionError, match=r"charges|goods|data|messages"):
        await scenario("single", clock)
