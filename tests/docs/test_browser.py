"""Tests of the site in a real browser: no other host, no sideways scrolling on a phone, dark mode, search."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.long  # nox -s docs, and so CI, builds the site and runs these
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DARK = 60
"""The largest red, green and blue of a dark background."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def address(site):
    """Serve the site, and return its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def phone(address):
    """Return a page of a small screen in dark mode. Requests to other hosts are refused, and noted as ``refused``."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser was tried")
    if BROWSER is None:
        pytest.skip("Chromium is not installed: the site was not tried in a browser")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
        context.refused = []

        def route(request):
            if request.request.url.startswith(address):
                request.continue_()
            else:
                context.refused.append(request.request.url)
                request.abort()

        context.route("**/*", route)
        yield context.new_page()
        browser.close()


def test_pages_fit_a_phone_in_the_dark_and_contact_no_other_host(phone, address, site):
    every = [path.parent.relative_to(site).as_posix().removeprefix(".") + "/" for path in site.rglob("index.html")]
    for page in every:
        phone.goto(f"{address}{page.lstrip('/')}")
        phone.wait_for_load_state("networkidle")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, page
        colour = phone.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, colour[colour.index("(") + 1 : -1].split(",")[:3])) < DARK, page
        pictures = "[...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.src)"
        assert phone.evaluate(pictures) == [], page
    assert phone.context.refused == []


FOUND = """[...new Set([...document.querySelectorAll(".md-search-result__item > a")].map(
    one => new URL(one.href).pathname.slice(1)))]"""
FIRST = 5
"""How many pages of the result somebody looks at."""


def test_the_search_finds_the_answers_among_its_first_results(phone, address):
    """Each question of ``questions.json``, and the message of an error."""
    playwright = pytest.importorskip("playwright.sync_api")
    questions = json.loads((Path(__file__).parent / "questions.json").read_text("utf-8"))
    wanted = [(one["search"], one["answer"].partition("#")[0]) for one in questions]
    phone.goto(address)
    phone.wait_for_load_state("networkidle")
    phone.locator("label.md-header__button[for=__search]").click()
    words_of_search = phone.locator("input.md-search__input")
    missed = {}
    for words, page in [*wanted, ("does not exist. Create it, or fix the URI", "reference/errors/")]:
        words_of_search.fill("")
        phone.wait_for_function(f"{FOUND}.length == 0", timeout=60_000)
        words_of_search.press_sequentially(words, delay=5)
        try:
            phone.wait_for_function(f"{FOUND}.slice(0, {FIRST}).includes('{page}')", timeout=15_000)
        except playwright.TimeoutError:
            missed[words] = (page, phone.evaluate(FOUND)[:FIRST])
    assert missed == {}
