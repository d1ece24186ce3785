"""Deliberate bugs of effects, each noticed by a scenario of the shop."""

from __future__ import annotations

import pytest

from support.effects import bugs
from support.effects.scenarios import fail_everywhere, kill_in_the_end, meet

pytestmark = pytest.mark.usefixtures("each_instance_is_a_process")
BUGS = [
    (bugs.run_before_the_commit, kill_in_the_end),
    (bugs.result_not_stored, kill_in_the_end),
    (bugs.stored_under_another_unit, kill_in_the_end),
    (bugs.forgotten_after_a_lost_answer, fail_everywhere),
    (bugs.repeated_after_a_merge, meet),
    (bugs.half_of_the_handlers_data_with_the_result, kill_in_the_end),
    (bugs.intent_not_written, kill_in_the_end),
    (bugs.ended_before_the_run, kill_in_the_end),
    (bugs.expired_at_once, kill_in_the_end),
    (bugs.counted_as_handled_although_the_result_is_unsaved, fail_everywhere),
]


@pytest.mark.parametrize(("bug", "scenario"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
async def test_a_deliberate_bug_is_noticed(bug, scenario, clock, monkeypatch):
    bug(monkeypatch)
    with pytest.raises(AssertionError, match=r"charges|goods|data|messages"):
        await scenario("single", clock)
