"""One browser for the tests of a file, and pages that note errors, requests to others and CSP violations."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.web.pages import CHROMIUM, browser, served

AXE = "axe-core@4.10.3"
WHY = "there is no chromium here: apt-get install chromium"


@pytest.fixture(scope="module")  # longer, its event loop would keep a worker's other tests from running theirs
def chromium():
    pytest.importorskip("playwright", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip(WHY)
    with browser() as found:
        yield found


@pytest.fixture
def opened(chromium):
    """Serve a state and open its overview in a new context. Yields the page; ``page.door`` is the doorkeeper."""

    @contextmanager
    def opened(uri, *, context=None, **settings):
        with served(uri, **settings) as door:
            inside = chromium.new_context(**(context or {}))
            inside.set_default_timeout(15_000)
            page = inside.new_page()
            page.door, page.wrong = door, []
            page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: page.wrong.append(str(error)))
            page.on("dialog", lambda dialog: (page.wrong.append("a dialog"), dialog.dismiss()))
            page.on("request", lambda request: page.wrong.append(request.url) if foreign(request.url, door) else None)
            page.add_init_script(
                "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
            )
            try:
                page.goto(door.said[-1])
                page.home = f"http://127.0.0.1:{door.port}"
                yield page
            finally:
                inside.close()

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
