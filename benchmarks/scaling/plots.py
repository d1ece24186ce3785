"""The figures as a picture that shows which ones grow with the number of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

__all__ = ["draw"]

STYLE: Final = {
    "single": ("#1f77b4", "-"),
    "per-type": ("#ff7f0e", "-"),
    "per-record": ("#2ca02c", "-"),
    "PicklePersistence, one file": ("#7f7f7f", "--"),
    "PicklePersistence, several files": ("#bcbd22", "--"),
}
PLACE: Final = "file"


def draw(results: list[dict[str, Any]], folder: Path) -> None:
    """Write ``scale.svg`` into a folder."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ptb-bucket", "font.size": 9})
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    shown = [case for case in results if case["place"] == PLACE and case["codec"] in {"json", _own_codec(case)}]
    _lines(axes[0], "cold start to the first answer (ms)", shown, _start)
    _lines(axes[1], "save one changed user (ms)", shown, lambda case: case["commits"]["1"]["wall"] * 1e3)
    _lines(axes[2], "bytes written for one changed user", shown, lambda case: case["commits"]["1"].get("bytes"))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(folder / "scale.svg", metadata={"Date": None})


def _own_codec(case: dict[str, Any]) -> str:
    return "pickle" if case["layout"].startswith("Pickle") else "json"


def _start(case: dict[str, Any]) -> float:
    return float(case["starts"]["start"]["wall"]) * 1e3


def _lines(axis: Axes, title: str, cases: list[dict[str, Any]], value: Any) -> None:
    for layout, (colour, line) in STYLE.items():
        points = [(case["users"], value(case)) for case in cases if case["layout"] == layout]
        points = [(users, found) for users, found in points if found is not None]
        if points:
            axis.plot(*zip(*points, strict=True), line, color=colour, marker="o", markersize=3, label=layout)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("users")
    axis.set_title(title)
    axis.grid(alpha=0.3)
