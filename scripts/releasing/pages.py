"""Render the page that an index shows for a distribution, and check every address in it."""

from __future__ import annotations

import tarfile
import zipfile
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from releasing.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

__all__ = ["Addresses", "addresses", "check_page", "description"]

_REPOSITORY: Final = "/ptb-bucket/ptb-bucket/"
_CODE, _RAW = "github.com", "raw.githubusercontent.com"


class Addresses(NamedTuple):
    """The addresses of a page, in its order, and the anchors that it has itself."""

    links: list[str]
    pictures: list[str]
    anchors: list[str]


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Addresses([], [], [])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found.anchors.append(values.get("id") or "")
        if tag == "a":
            self.found.links.append(values.get("href") or "")
        elif tag == "img":
            self.found.pictures.append(values.get("src") or "")


def description(archive: Path) -> str:
    """Return the Markdown that an sdist or a wheel brings for its page."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = wheel.read(name)
    else:
        with tarfile.open(archive) as sdist:
            member = sdist.extractfile(f"{archive.name.removesuffix('.tar.gz')}/PKG-INFO")
            metadata = member.read() if member else b""
    return metadata.decode("utf-8").partition("\n\n")[2]


def addresses(markdown: str) -> Addresses:
    """Return the addresses of a page, as readme-renderer makes it. Indexes use the same program.

    Raises:
        ReleaseError: The page cannot be rendered.
    """
    from readme_renderer import markdown as renderer  # noqa: PLC0415  not needed to write a version

    if (html := renderer.render(markdown)) is None:
        raise ReleaseError("readme-renderer cannot render the page. Run: pip install -r requirements-dev.txt")
    collector = _Collector()
    collector.feed(html)
    return collector.found


def check_page(markdown: str, version: str, files: Container[str]) -> Addresses:
    """Check the addresses of a page.

    Args:
        markdown: The page's source.
        version: The version of the release.
        files: The files and folders of the repository, as paths relative to its root.

    Returns:
        The page's addresses.

    Raises:
        ReleaseError: An address is relative or dead, or does not lead to the release's tag.
    """
    found = addresses(markdown)
    links = [address for address in found.links if address not in {f"#{anchor}" for anchor in found.anchors}]
    wrong = [address for address in links if not _is_right(address, _CODE, f"blob/v{version}/", files)]
    wrong += [address for address in found.pictures if not _is_right(address, _RAW, f"v{version}/", files)]
    if wrong:
        raise ReleaseError(
            f"The page for the index has relative or dead addresses: {', '.join(wrong)}. Correct README.md, or the "
            "substitutions in its pyproject.toml."
        )
    return found


def _is_right(address: str, host: str, tag: str, files: Container[str]) -> bool:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.netloc:
        return False
    inside = parts.path.removeprefix(_REPOSITORY)
    if host == _RAW or (parts.netloc == host and inside != parts.path):
        return parts.netloc == host and inside.startswith(tag) and inside.removeprefix(tag).rstrip("/") in files
    return True
