"""Read and write the one version of all distributions, and find its entry in the changelog.

An sdist must build without the rest of the repository, so each distribution names the version in its own
``pyproject.toml``. The root's is the original: everything else follows from it, and only this module writes it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from releasing.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["check_changelog", "check_versions", "folders", "read_version", "supported_range", "write_version"]

_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)((a|b|rc)\d+)?(\.dev\d+)?")
"""The spelling that packaging keeps as it is, so that the tag, the files and the links have the same (PEP 440)."""

_BEFORE_FINAL: Final = re.compile(r"((a|b|rc)\d+)?(\.dev\d+)?$")
_OWN: Final = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)
_EXTRAS: Final = re.compile(r'(?<=")(ptb-bucket-\w+(?:\[\w+\])?)==[^"]*(?=")')
_CORE: Final = re.compile(r'(?<=^  ")ptb-bucket>=[^"]*(?=",$)', re.MULTILINE)
_TAG: Final = re.compile(r"(?<=\?ref=v)[^\"\s]+")
_RELEASE: Final = re.compile(r"(?<=^ptb-bucket)(\[[\w,-]+\])?~=\S+$", re.MULTILINE)
_HEADING: Final = r"^## {version} \((unreleased|\d{{4}}-\d\d-\d\d)\)\n+(?!## )\S"


def folders(root: Path) -> list[Path]:
    """Return the folders of the distributions: the core, then each provider."""
    return [root, *sorted(path.parent for path in root.glob("providers/*/pyproject.toml"))]


def read_version(root: Path) -> str:
    """Return the version that ``pyproject.toml`` names."""
    found = _OWN.findall(root.joinpath("pyproject.toml").read_text(encoding="utf-8"))
    if len(found) != 1:
        raise ReleaseError(f'{root / "pyproject.toml"} has {len(found)} lines `version = "..."`. Keep one.')
    return str(found[0])


def supported_range(version: str) -> str:
    """Return the versions of the core that a provider of this version supports.

    Before 1.0.0, a minor version may break what providers use; afterwards, only a major version may.

    Returns:
        A specifier such as ``>=0.1.2,<0.2``.
    """
    major, minor, *_ = version.split(".")
    return f">={version},<0.{int(minor) + 1}" if major == "0" else f">={version},<{int(major) + 1}"


def write_version(root: Path, version: str) -> None:
    """Write a version into every file that names it: each ``pyproject.toml``, examples, and terraform's README.

    Raises:
        ReleaseError: The version is not spelt as packaging spells it, or a file does not name it where it should.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is not a version such as 0.2.0, 0.2.0rc1 or 0.2.0.dev0.")
    for path, text in _rewritten(root, version).items():
        path.write_text(text, encoding="utf-8")


def check_versions(root: Path) -> None:
    """Refuse files that name another version than the root's ``pyproject.toml``."""
    for path, text in _rewritten(root, version := read_version(root)).items():
        if path.read_text(encoding="utf-8") != text:
            raise ReleaseError(f"{path} does not name version {version}. Run: python scripts/release.py {version}")


def check_changelog(root: Path, version: str, *, dated: bool) -> None:
    """Refuse a changelog without an entry for a version.

    Args:
        root: The folder of the repository.
        version: The version.
        dated: Refuse ``(unreleased)``, too. Versions such as 0.2.0rc1 and 0.2.0.dev0 may have the unreleased entry of
            0.2.0.
    """
    final = _BEFORE_FINAL.sub("", version)
    text = root.joinpath("CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(_HEADING.format(version=re.escape(final)), text, re.MULTILINE)
    if found is None:
        raise ReleaseError(f"CHANGELOG.md has no entry `## {final} (unreleased)` or `## {final} (YYYY-MM-DD)`. Add it.")
    if dated and version == final and found[1] == "unreleased":
        raise ReleaseError(f"CHANGELOG.md calls {version} unreleased. Replace the word by the date of the release.")


def _rewritten(root: Path, version: str) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for path, pattern, text in _places(root, version):
        found[path], count = pattern.subn(text, found.get(path) or path.read_text(encoding="utf-8"))
        if not count:
            raise ReleaseError(f"{path} does not name the version where this matches: {pattern.pattern}")
    return found


def _places(root: Path, version: str) -> Iterator[tuple[Path, re.Pattern[str], str]]:
    for folder in folders(root):
        yield folder / "pyproject.toml", _OWN, f'version = "{version}"'
        if folder != root:
            yield folder / "pyproject.toml", _CORE, f"ptb-bucket{supported_range(version)}"
    yield root / "pyproject.toml", _EXTRAS, rf"\1=={version}"
    for path in sorted((root / "examples").glob("*_bot/requirements*.txt")):
        yield path, _RELEASE, rf"\1~={version}"
    for path in sorted((root / "examples").glob("*_bot/terraform/main.tf")):
        yield path, _TAG, version
    if ".dev" not in version:  # which never gets a tag
        yield root / "terraform" / "README.md", _TAG, version
