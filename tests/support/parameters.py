"""Parameters from several axes, such as place, layout and codec. Their whole product is for ``--long``."""

from __future__ import annotations

import itertools
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["MOST_DIFFERENT", "covering", "crossed", "in_long_runs"]

Choice = tuple[int, Any]
"""An axis, by its number, and one of its values."""


MOST_DIFFERENT = ["single", "per-record", pytest.param("per-type", marks=pytest.mark.long)]
"""The layouts, for tests of what only asks whether a layout reads on demand. A short run leaves out one that does not.

On that one, timers and outcomes are in a document of their own. Tests of documents, commits, effects, and of what a
timer and its user's data do to each other, as well as the simulations, try all layouts in every run.
"""


def crossed(
    *axes: Sequence[Any], strength: int = 2, make: Callable[..., Any] = lambda *values: values, spread: bool = False
) -> list[Any]:
    """Return all combinations as parameters, and mark those for ``--long`` that a short run can do without.

    A short run tries every value of each axis together with every value of each other one. Three values at once are
    seldom needed to find a mistake, and the number of combinations would grow with each axis.

    Args:
        axes: The values of each axis, the first ones being the defaults.
        strength: How many values a short run combines in all ways: 2 for pairs, 1 if it only needs each value.
        make: Makes the parameter from the values of a combination.
        spread: Make each value a parameter, for ``parametrize`` with several names.
    """
    few = covering(axes, strength)
    return [
        pytest.param(
            *(values if spread else [make(*values)]),
            marks=() if values in few else pytest.mark.long,
            id="-".join(map(str, values)),
        )
        for values in itertools.product(*axes)
    ]


def in_long_runs(test: Any) -> Any:
    """Return a copy of a test of the kit for a class that need not repeat it in a short run."""
    copy = FunctionType(test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__)
    copy.__dict__ |= {**test.__dict__, "pytestmark": [*getattr(test, "pytestmark", ()), pytest.mark.long.mark]}
    copy.__annotations__, copy.__kwdefaults__ = test.__annotations__, test.__kwdefaults__
    return copy


def covering(axes: Sequence[Sequence[Any]], strength: int) -> list[tuple[Any, ...]]:
    """Return a few combinations that contain all choices of ``strength`` values, the same ones in each process."""
    every = list(itertools.product(*axes))
    open_choices = {choice: None for values in every for choice in _choices(values, strength)}
    found = []
    while open_choices:
        best = max(every, key=lambda values: _count(_choices(values, strength), open_choices))
        found.append(best)
        for choice in _choices(best, strength):
            open_choices.pop(choice, None)
    return found


def _choices(values: tuple[Any, ...], strength: int) -> list[tuple[Choice, ...]]:
    return list(itertools.combinations(enumerate(values), strength))


def _count(choices: Collection[Any], among: Collection[Any]) -> int:
    return sum(choice in among for choice in choices)
