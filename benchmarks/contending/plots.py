"""The figures as a picture: the waits of updates, beside those of another version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

__all__ = ["draw"]

Results = dict[str, list[dict[str, Any]]]


def draw(results: Results, before: Results | None, folder: Path) -> None:
    """Write ``contention.svg`` into a folder.

    Args:
        results: The figures.
        before: The figures of another version; None for none.
        folder: The folder.
    """
    import matplotlib as mpl  # noqa: PLC0415  only where a picture is wanted

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ptb-bucket", "font.size": 9})
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    versions = {"before": before, "now": results} if before else {"now": results}
    paced, contended = results
    _bars(axes[0], "one write per second: wait (s)", versions, paced)
    _bars(axes[1], "contention, 20/40 ms: wait (s)", versions, contended)
    for name, version in versions.items():
        rows = _rows(version, contended)
        axes[2].plot([row["instances"] for row in rows], [row["per second"] for row in rows], "o-", label=name)
    axes[2].set_title("contention, 20/40 ms: updates per second")
    axes[2].set_ylim(bottom=0)
    for axis in axes:
        axis.set_xlabel("instances")
        axis.grid(axis="y", alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(folder / "contention.svg", metadata={"Date": None})


def _rows(version: Results, part: str) -> list[dict[str, Any]]:
    return [row for row in version[part] if row["read_ms"] == 20]  # noqa: PLR2004  the usual distance


def _bars(axis: Axes, title: str, versions: dict[str, Any], part: str) -> None:
    width = 0.8 / len(versions)
    for at, (name, version) in enumerate(versions.items()):
        rows = _rows(version, part)
        places = [number + (at - (len(versions) - 1) / 2) * width for number in range(len(rows))]
        bars = axis.bar(places, [row["largest"] for row in rows], width, alpha=0.35, label=f"{name}: largest")
        colour = bars[0].get_facecolor()[:3]
        axis.bar(places, [row["median"] for row in rows], width, color=colour, label=f"{name}: median")
        axis.set_xticks(range(len(rows)), [str(row["instances"]) for row in rows])
    axis.set_yscale("log")
    axis.set_title(title)
