"""Tests that the site's links and pictures exist, and that its pages contact no other host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

pytestmark = pytest.mark.long  # nox -s docs, and so CI, builds the site and runs these
ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/ptb-bucket/ptb-bucket/"
LOADING = {
    "script": "src",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "embed": "src",
    "object": "data",
    "use": "href",
}
LOADING_RELATIONS = {"stylesheet", "preconnect", "dns-prefetch", "prefetch", "preload", "icon", "modulepreload"}


class Page(HTMLParser):
    """The anchors of a page, its links, and what a browser loads for it."""

    def __init__(self, path, site):
        super().__init__()
        self.address = f"/{path.relative_to(site).as_posix()}"
        self.anchors, self.links, self.loaded = set(), set(), set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given.get("id"), given.get("name")} - {None}
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        if tag == "link" and LOADING_RELATIONS & set((given.get("rel") or "").split()):
            self.loaded.add(given["href"])
        if given.get(LOADING.get(tag, "")):
            self.loaded.add(given[LOADING[tag]])


@pytest.fixture(scope="module")
def pages(site):
    found = [Page(path, site) for path in site.rglob("*.html")]
    return {page.address: page for page in found}


def file_of(site, address):
    """Return the file that answers for an address of the site, or None."""
    path = site / unquote(address).lstrip("/")
    path = path / "index.html" if path.is_dir() else path
    return path if path.is_file() else None


def dead(site, pages, page, link):
    """Return True if a link of a page leads nowhere in the site or in the repository."""
    if link.startswith(REPOSITORY):
        path = urlsplit(link).path.split("/main/", 1)
        return len(path) == 2 and not (ROOT / unquote(path[1])).exists()
    whole = urlsplit(urljoin(f"http://site{page.address}", link))
    if whole.netloc != "site":
        return False
    file = file_of(site, whole.path)
    if file is None:
        return True
    target = pages.get(f"/{file.relative_to(site).as_posix()}")
    return bool(whole.fragment and target and unquote(whole.fragment) not in target.anchors)


def test_no_link_is_dead_and_no_picture_is_missing(site, pages):
    assert len(pages) > 30
    found = [
        (page.address, link)
        for page in pages.values()
        for link in page.links | page.loaded
        if dead(site, pages, page, link)
    ]
    assert found == []


def test_a_dead_link_is_found(site, pages):
    page = pages["/index.html"]
    dead_links = ["nowhere/", "#nowhere", "reference/errors/#nowhere", f"{REPOSITORY}blob/main/docs/nowhere.md"]
    assert [link for link in dead_links if not dead(site, pages, page, link)] == []


def test_a_browser_loads_nothing_from_another_host(site, pages):
    loaded = {link for page in pages.values() for link in page.loaded}
    assert {link for link in loaded if urlsplit(link).netloc} == set()
    for style in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\"']+", style.read_text("utf-8")) == [], style
    for picture in site.rglob("*.svg"):
        assert re.findall(r"(?:href|src)=\"(?:https?:)?//[^\"]+", picture.read_text("utf-8")) == [], picture


def test_a_recipe_shows_the_file_that_it_names(site):
    shown = {"fly": "kill_timeout", "heroku": "uvicorn", "docker": "stop_grace_period", "kubernetes": "preStop"}
    for recipe, word in shown.items():
        page = (site / "recipes" / recipe / "index.html").read_text("utf-8")
        blocks = re.findall(r"<code>(.*?)</code></pre>", page, re.DOTALL)
        assert any(word in block for block in blocks), recipe
        assert "<!-- file:" not in page


def test_no_marks_of_docstrings_are_left(site):
    for path in site.rglob("*.html"):
        html = path.read_text("utf-8")
        assert re.findall(r"~ptb_bucket\.|<strong>main</strong>|<p>=== ", html) == [], path.parent.name


def test_no_markdown_is_left(site):
    """Python-Markdown wants a blank line before a list or table, and four spaces inside of one. Code hosts do not."""
    left = re.compile(r"^\s*(?:\||\* |\d+\. |```|#+ ).*", re.MULTILINE)
    for path in site.rglob("*.html"):
        paragraphs = re.findall(r"<p>(.*?)</p>", path.read_text("utf-8"), re.DOTALL)
        texts = [re.sub(r"<[^>]+>", "", paragraph) for paragraph in paragraphs]
        assert [found for text in texts for found in left.findall(text)] == [], path.parent.name
