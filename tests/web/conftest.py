"""One browser for the tests of a file, and pages that note errors, requests to others and CSP violations."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.web.pages import CHROMIUM, browser, served
from support.web.population import populate
from support.web.states import SEALINGS

AXE = "axe-core@4.10.3"
WHY = "there is no chromium here: apt-get install chromium"


@pytest.fixture(scope="module")  # longer, its event loop would keep a worker's other tests from running theirs
def chromium():
    pytest.importorskip("playwright", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip(WHY)
    with browser() as found:
        yield found


def new_tab(chromium, **settings):
    """Open a page in a new context. ``page.wrong`` notes what must not happen in it; ``page.door`` must be set."""
    page = chromium.new_context(**settings).new_page()
    page.context.set_default_timeout(15_000)
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("dialog", lambda dialog: (page.wrong.append("a dialog"), dialog.dismiss()))
    page.on("request", lambda request: page.wrong.append(request.url) if foreign(request.url, page.door) else None)
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
    )
    return page


@pytest.fixture(scope="module")
def tab(chromium):
    """A page for the tests that need no context of their own, because a new one takes longer than most tests."""
    return new_tab(chromium)


@pytest.fixture
def opened(chromium, tab):
    """Serve a state and open its overview. Yields the page; ``page.door`` is the doorkeeper."""

    @contextmanager
    def opened(uri, *, context=None, **settings):
        with served(uri, **settings) as door:
            page = new_tab(chromium, **context) if context else tab
            page.door, page.wrong, page.home = door, [], f"http://127.0.0.1:{door.port}"
            try:
                page.goto(door.said[-1])
                yield page
            finally:
                if context:
                    page.context.close()
                else:
                    tab.goto("about:blank")
                    tab.context.clear_cookies()

    return opened


def foreign(url, door):
    return not url.startswith((f"http://127.0.0.1:{door.port}/", "data:", "blob:", "about:"))


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """Return the text of axe-core, which npm fetches, because it is too large for this repository."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm here to fetch axe-core")
    done = subprocess.run([npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("npm could not fetch axe-core")
    with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.fixture
def place(tmp_path, monkeypatch):
    def place(layout="per-record", codec="json", sealing="plain", **how):
        for name, value in SEALINGS[sealing].items():
            monkeypatch.setenv(name, value)
        return populate(tmp_path / "bot", f"layout={layout}&codec={codec}", **how)

    return place
