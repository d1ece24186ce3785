"""Tests of the pages that an index shows: each address is absolute and leads to a file of the released version."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from releasing import pages
from releasing.commands import run
from releasing.errors import ReleaseError
from releasing.versions import folders, read_version

ROOT = Path(__file__).parents[2]
VERSION = read_version(ROOT)
BLOB = f"https://github.com/ptb-bucket/ptb-bucket/blob/v{VERSION}"
RAW = f"https://raw.githubusercontent.com/ptb-bucket/ptb-bucket/v{VERSION}"


class Existing:
    """The files and folders of the repository."""

    def __contains__(self, path):
        return ".." not in Path(path).parts and ROOT.joinpath(path).exists()


def page(folder):
    """Return the Markdown that a build writes into its metadata."""
    return run(sys.executable, "-m", "hatchling", "metadata", "readme", cwd=folder)


@pytest.mark.parametrize("folder", folders(ROOT), ids=lambda folder: folder.name)
def test_a_page_has_no_relative_address(folder):
    found = pages.check_page(page(folder), VERSION, Existing())
    assert len([link for link in found.links if link.startswith(BLOB)]) >= 2


def test_the_pages_pictures_are_those_of_the_tag():
    found = pages.addresses(page(ROOT)).pictures
    assert found
    assert [picture for picture in found if not picture.startswith(f"{RAW}/docs/")] == []


def test_the_page_installs_from_the_index_and_the_readme_from_the_checkout():
    first = [
        text.partition("```sh\n")[2].splitlines()[0]
        for text in (page(ROOT), ROOT.joinpath("README.md").read_text("utf-8"))
    ]
    assert first == ["pip install ptb-bucket && ptb-bucket demo", "pip install . && ptb-bucket demo"]


@pytest.mark.parametrize(
    "markdown",
    [
        "[a](docs/reference/command-line.md)",
        "[a](/docs/reference/command-line.md)",
        "[a](#tools)",
        "[a]()",
        "[a](//github.com/ptb-bucket/ptb-bucket)",
        "[a](http://example.com)",
        f"[a]({BLOB}/docs/no-such-page.md)",
        f"[a]({BLOB}/providers/../README.md)",
        "[a](https://github.com/ptb-bucket/ptb-bucket/blob/main/docs/reference/command-line.md)",
        "![a](docs/pictures/demo.svg)",
        f"![a]({BLOB}/docs/pictures/demo.svg)",
        f"![a]({RAW}/docs/no-such-picture.svg)",
        f"![a]({RAW.replace(VERSION, 'main')}/docs/pictures/demo.svg)",
        "![a](https://example.com/demo.svg)",
        f"[![a](docs/pictures/demo.svg)]({BLOB}/docs/reference/command-line.md)",
    ],
)
def test_other_addresses_are_refused(markdown):
    with pytest.raises(ReleaseError, match="relative or dead addresses"):
        pages.check_page(markdown, VERSION, Existing())


@pytest.mark.parametrize(
    "markdown",
    [
        f"[a]({BLOB}/docs/reference/command-line.md#check)",
        f"[a]({BLOB}/terraform/)",
        "[a](https://python-telegram-bot.org)",
        f"![a]({RAW}/docs/pictures/demo.svg)",
        "# A heading",
    ],
)
def test_these_addresses_are_right(markdown):
    pages.check_page(markdown, VERSION, Existing())
