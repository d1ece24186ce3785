"""The shop of the examples is killed at every await and every request, and loses its bucket before every put."""

from __future__ import annotations

import pytest

from support.effects.scenarios import fail_everywhere, kill_everywhere, meet
from support.parameters import crossed

pytestmark = pytest.mark.usefixtures("each_instance_is_a_process")
LAYOUTS = ["single", "per-type", "per-record"]


@pytest.fixture
def every(request):
    """Return the distance between two kills: in a short run, only some of the awaits are tried."""
    return 1 if request.config.getoption("--long") else 5


@pytest.mark.parametrize(("layout", "beside"), crossed(LAYOUTS, ["", "beside"], strength=1, spread=True))
async def test_each_kill_charges_once_delivers_once_and_says_so_at_least_once(layout, beside, clock, every):
    steps, traces = await kill_everywhere(layout, clock, beside=bool(beside), every=every)
    assert steps > 40
    assert len(traces) * every < steps / 8  # those between the message and the end of the job


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_outage_before_any_put_repeats_nothing_when_the_update_comes_again(layout, clock):
    assert await fail_everywhere(layout, clock) > 3


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_two_instances_that_meet_hand_out_goods_once_if_the_intent_is_stored(layout, clock):
    await meet(layout, clock)
