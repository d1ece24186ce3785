"""Deliberate bugs in simulated runs: a run with some seed breaks a promise, and without the bug it keeps all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = 200


def assert_noticed(bug: Callable[[Any], None], is_noticed: Callable[[Any, int], bool], first: int, patch: Any) -> None:
    """Check that some run with a bug breaks a promise, and that the same run without the bug does not.

    Args:
        bug: A function that puts the bug in place, with the patch of a test.
        is_noticed: Whether the run of a bug's world with a seed breaks a promise.
        first: The seed to begin with. It and those behind it are tried.
        patch: The fixture ``monkeypatch``.
    """
    with patch.context() as buggy:
        bug(buggy)
        seed = next((seed for seed in range(first, first + SEEDS) if is_noticed(bug, seed)), None)
    assert seed is not None, f"{bug.__name__} went unnoticed in {SEEDS} runs"
    assert not is_noticed(bug, seed), f"seed {seed} breaks a promise also without {bug.__name__}"
