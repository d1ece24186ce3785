"""Build the sdists and wheels twice, under different circumstances, and compare their bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tarfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from releasing.commands import clean_environment, run, tracked_files
from releasing.errors import ReleaseError
from releasing.versions import folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "Circumstances",
    "build",
    "build_twice",
    "check_equal",
    "check_sdist",
    "make_environment",
    "make_tools",
    "source_date",
]

_TOOLS: Final = Path(__file__).with_name("tools.txt")
_BESIDE_SOURCES: Final = {"PKG-INFO", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"}


class Circumstances(NamedTuple):
    """The way in which sources are copied and built. None of it may change a byte of the result."""

    folder: str
    umask: int
    mtime: int
    zone: str
    direct: bool
    """Build the wheel from the tree, and not from the unpacked sdist."""


_FIRST: Final = Circumstances("first", 0o022, 1_700_000_000, "UTC", direct=False)
_SECOND: Final = Circumstances("another folder", 0o077, 1_200_000_000, "Pacific/Kiritimati", direct=True)


def make_environment(folder: Path) -> Path:
    """Make a virtual environment without pip, with the Python that runs this program.

    Returns:
        Its Python.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    return folder / "bin" / "python"


def make_tools(scratch: Path) -> Path:
    """Make the environment with the programs of ``tools.txt``, in exactly these versions.

    Returns:
        Its Python.
    """
    run(sys.executable, "-m", "venv", scratch / "tools", cwd=scratch)
    python = scratch / "tools" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", _TOOLS, cwd=scratch)
    return python


def source_date(root: Path) -> str:
    """Return the time that all files of an archive get: ``SOURCE_DATE_EPOCH``, or that of the last commit.

    Source: https://reproducible-builds.org/specs/source-date-epoch/
    """
    return os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct", cwd=root).strip()


def build_twice(python: Path, root: Path, scratch: Path) -> list[Path]:
    """Build all distributions twice, and compare.

    The second build has another folder, umask, time zone and age of the files, and builds wheels without the sdist in
    between. So equal bytes also show that the sdists are complete.

    Args:
        python: The Python of :func:`make_tools`.
        root: The folder of the repository. Files that git does not track are left out.
        scratch: An empty folder.

    Returns:
        The files of the first build: an sdist and a wheel for each distribution.

    Raises:
        ReleaseError: A build failed, a file differs, or an sdist contains more than it should.
    """
    first, second = (build(python, root, scratch, each) for each in (_FIRST, _SECOND))
    check_equal(first, second)
    for path in first:
        if path.name.endswith(".tar.gz"):
            check_sdist(path)
    return first


def build(python: Path, root: Path, scratch: Path, circumstances: Circumstances) -> list[Path]:
    """Build all distributions once, from a copy of the repository's tracked files."""
    tree = scratch / circumstances.folder
    environment = clean_environment(SOURCE_DATE_EPOCH=source_date(root), TZ=circumstances.zone)
    before = os.umask(circumstances.umask)
    try:
        _copy(root, tree, circumstances.mtime)
        built = [
            _build_one(
                partial(run, python, "-m", "hatchling", "build", env=environment), folder, direct=circumstances.direct
            )
            for folder in folders(tree)
        ]
    finally:
        os.umask(before)
    return [path for each in built for path in each]


def _build_one(hatchling: Callable[..., str], folder: Path, *, direct: bool) -> list[Path]:
    out = folder / "dist"
    hatchling("--target", "sdist", "--directory", out, cwd=folder)
    sdist = next(out.iterdir())
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "build", filter="data")
    source = folder if direct else folder / "build" / sdist.name.removesuffix(".tar.gz")
    hatchling("--target", "wheel", "--directory", out, cwd=source)
    return sorted(out.iterdir())


def check_sdist(path: Path) -> None:
    """Refuse an sdist that contains tests, or anything else beside the sources."""
    with tarfile.open(path) as archive:
        names = [Path(*Path(name).parts[1:]) for name in archive.getnames()]
    if more := sorted(str(name) for name in names if name.parts[0] != "src" and str(name) not in _BESIDE_SOURCES):
        raise ReleaseError(f"{path.name} contains {', '.join(more)}. Correct `include` in its pyproject.toml.")


def check_equal(first: Iterable[Path], second: Iterable[Path]) -> None:
    """Refuse two builds whose files have other names or other bytes."""
    ours, theirs = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in each} for each in (first, second)
    )
    if ours != theirs:
        differing = sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name))
        raise ReleaseError(f"Two builds of the same sources differ: {', '.join(differing)}. diffoscope shows where.")


def _copy(root: Path, tree: Path, mtime: int) -> None:
    for name in tracked_files(root):
        tree.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, tree / name)
        os.utime(tree / name, (mtime, mtime))
