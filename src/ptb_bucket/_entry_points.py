"""The entry points of installed packages, read from their folders.

``importlib.metadata`` finds the same ones. It takes 10 ms of CPU, most of it for its imports, and a bot pays that at
each cold start. The folders of installed packages are read in one; everything else is left to ``importlib.metadata``.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["EntryPoint", "entry_points"]

_SUFFIXES: Final = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class EntryPoint:
    """An object that a package offers under a name.

    Attributes:
        name: Its name in the group.
        value: The object that it names, as ``module:attribute``.
    """

    name: str
    value: str

    def load(self) -> Any:
        """Import the module and return the object. Exceptions of the import propagate."""
        module, _, attributes = self.value.partition("[")[0].strip().partition(":")
        found: Any = import_module(module.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            found = getattr(found, attribute)
        return found


def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
    """Return the entry points of the installed packages, as ``importlib.metadata.entry_points`` does.

    Args:
        group: Their group.
        name: Only those with this name; None for all.

    Source: https://packaging.python.org/en/latest/specifications/entry-points/
    """
    folders = _folders()
    found = _elsewhere(group) if folders is None else _in_folders(tuple(map(_dated, folders)), group)
    return [entry for entry in found if name is None or entry.name == name]


def _folders() -> list[str] | None:
    """Return the folders of the path; None if packages may be installed in another way, for example in a zip."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    places = [place or "." for place in dict.fromkeys(sys.path)]
    if finders != [PathFinder] or any(place.endswith(".egg") or os.path.isfile(place) for place in places):  # noqa: PTH113  pathlib is slow
        return None
    return places


def _elsewhere(group: str) -> Iterator[EntryPoint]:
    from importlib.metadata import entry_points as find  # noqa: PLC0415  see the top

    return (EntryPoint(entry.name, entry.value) for entry in find(group=group))


def _dated(folder: str) -> tuple[str, int]:
    """Return a folder and when its list of files last changed, as ``importlib.metadata`` keeps what it has read."""
    try:
        return folder, os.stat(folder).st_mtime_ns  # noqa: PTH116  pathlib is slow
    except OSError:  # the path may name folders that do not exist
        return folder, 0


@lru_cache(maxsize=8)  # a start asks twice
def _in_folders(folders: tuple[tuple[str, int], ...], group: str) -> Sequence[EntryPoint]:
    known: set[str] = set()
    found: list[EntryPoint] = []
    for path in _metadata(folder for folder, _ in folders):
        package = _package(os.path.basename(path))  # noqa: PTH119  pathlib is slow
        if package not in known:  # the first one on the path counts
            known.add(package)
            found += _in_section(_text(path), group)
    return found


def _metadata(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        try:
            names = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        yield from (os.path.join(folder, name) for name in names if name.lower().endswith(_SUFFIXES))  # noqa: PTH118


def _package(folder: str) -> str:
    """Return the normalized name of the package whose metadata a folder has."""
    name = folder.rpartition(".")[0].partition("-")[0].lower().replace(".", "_")
    while "__" in name:
        name = name.replace("__", "_")
    return name


def _text(path: str) -> str:
    try:
        with open(os.path.join(path, "entry_points.txt"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            return file.read()
    except OSError:  # most packages have none
        return ""


def _in_section(text: str, group: str) -> Iterator[EntryPoint]:
    section = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == group and "=" in line and line[0] not in "#;":
            name, _, value = line.partition("=")
            yield EntryPoint(name.strip(), value.strip())
