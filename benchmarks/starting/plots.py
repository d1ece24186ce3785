"""The figures as a picture: the CPU time of each contestant, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starting.processes import PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["draw"]

LABELS: Final = {
    "ptb": "PTB alone", "ptb tuned": "PTB alone, tuned", "pickle": "PicklePersistence", "boto3": "boto3 by hand",
    "file": "file:", "s3 light": "s3:// light", "s3 aioboto3": "s3:// aioboto3", "gs light": "gs:// light",
    "gs google-cloud-storage": "gs:// google",
}  # fmt: skip


def draw(results: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Write ``cold_start.svg`` into a folder.

    Args:
        results: The figures by mode: compiled and not compiled.
        folder: The folder.
    """
    import matplotlib as mpl  # noqa: PLC0415  only where a picture is wanted

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ptb-bucket", "font.size": 9})
    figure, axes = plt.subplots(1, len(results), figsize=(11, 3.4), sharey=True, layout="constrained", squeeze=False)
    for axis, (mode, figures) in zip(axes[0], results.items(), strict=True):
        _bars(axis, mode, figures)
    axes[0][0].invert_yaxis()
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PHASES), frameon=False)
    figure.savefig(folder / "cold_start.svg", metadata={"Date": None})


def _bars(axis: Any, mode: str, figures: Mapping[str, Any]) -> None:
    names = [LABELS[name] for name in figures]
    left = [0.0] * len(names)
    for phase in PHASES:
        widths = [one["cpu ms by phase"][phase] for one in figures.values()]
        axis.barh(names, widths, left=left, label=phase)
        left = [before + width for before, width in zip(left, widths, strict=True)]
    for name, total, one in zip(names, left, figures.values(), strict=True):
        axis.text(total, name, f" × {one['cpu ratio']:.2f}", va="center")
    axis.set_title(f"modules {mode}: CPU until the first webhook is saved (ms)")
    axis.set_xlim(right=max(left) * 1.15)
    axis.grid(axis="x", alpha=0.3)
