"""The figures as tables."""

from __future__ import annotations

from typing import Any

__all__ = ["show"]

HEAD = 60
"""Columns that name a case."""


def show(results: list[dict[str, Any]]) -> None:
    """Print all tables."""
    _head("cold start to the first answer; then an update", {"start": 13, "reads": 8, "writes": 8, "update": 12})
    for case in results:
        print(_name(case) + _start(case["starts"]))
    columns = {"changed": 8, "time": 13, "CPU": 13, "bytes": 14, "puts": 7, "floor": 9, "own CPU": 9}
    _head("commit of changed users", columns)
    for case in results:
        for changed, found in case["commits"].items():
            print(f"{_name(case)}{changed:>8}{_commit(found)}")
    _head("loading everything", {"load": 13, "decoding": 12, "": 9, "peak": 10, "decoded": 10})
    for case in results:
        if "load" in case:
            print(_name(case) + _load(case["load"]) + _memory(case.get("memory")))


def _head(title: str, columns: dict[str, int]) -> None:
    print(f"\n{title:{HEAD}}" + "".join(f"{name:>{width}}" for name, width in columns.items()))


def _name(case: dict[str, Any]) -> str:
    return f"{case['layout']:34}{case['codec']:8}{case['place']:8}{case['users']:>10,}"


def _start(found: dict[str, Any]) -> str:
    start, update = found["start"], found.get("update", {})
    after = f"{update['wall'] * 1e3:9.0f} ms" if update else " " * 12
    return f"{start['wall'] * 1e3:10.0f} ms{start['reads']:8.0f}{start['writes']:8.0f}{after}  {found['answer']!r}"


def _commit(found: dict[str, float]) -> str:
    times = f"{found['wall'] * 1e3:10.1f} ms{found['cpu'] * 1e3:10.1f} ms"
    if "bytes" not in found:
        return times
    ratios = f"  × {found['wall ratio']:5.2f}{found['own cpu share']:9.0%}"
    return f"{times}{found['bytes']:14,.0f}{found['writes']:7.0f}{ratios}"


def _load(found: dict[str, float]) -> str:
    return f"{found['load'] * 1e3:10.0f} ms{found['decode'] * 1e3:9.0f} ms  × {found['ratio']:5.2f}"


def _memory(found: dict[str, float] | None) -> str:
    if not found:
        return ""
    return f"{found['peak'] / 1e6:7.0f} MB{found['decoded'] / 1e6:7.0f} MB  × {found['peak ratio']:5.2f}"
