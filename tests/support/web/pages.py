"""A running ``ptb-bucket web`` and a browser that shows it."""

from __future__ import annotations

import asyncio
import shutil
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn

from ptb_bucket import tools
from ptb_bucket.web import Doorkeeper, Settings, create_app, listening_on

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def served(uri, *, write=False, mask=False, password="", store=None, types=()):  # noqa: PLR0913  settings
    """Serve the pages of a state in a thread. Yields the doorkeeper, whose ``said`` has the printed addresses.

    Args:
        uri: The state, or the file of a PicklePersistence.
        write: As for the verb; so are ``mask`` and ``password``.
        mask: See there.
        password: See there.
        store: The store of the state, instead of one that the URI opens.
        types: The bot's classes.
    """
    ready, stop = threading.Event(), threading.Event()
    found = {}

    async def run():
        is_file = not str(uri).startswith(("file:", "s3:", "memory:"))
        settings = Settings(str(uri).partition("?")[0], write, mask, "web:alice")
        opened = (
            tools.open_memory_file(Path(uri))
            if is_file
            else tools.open_state(store or uri, types=types, keep_unknown=True, author="web:alice")
        )
        async with opened as state:
            listening = listening_on("127.0.0.1", 0)
            said = []
            door = Doorkeeper("127.0.0.1", listening.getsockname()[1], password, said.append)
            door.said = said
            door.invite()
            app = create_app(state, settings, door)
            server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="error", lifespan="on"))
            server.install_signal_handlers = lambda: None
            task = asyncio.create_task(server.serve([listening]))
            found.update(door=door)
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await task

    def whole():
        try:
            asyncio.run(run())
        except BaseException as error:  # the test reports it
            found["error"] = error
            ready.set()
            raise

    thread = threading.Thread(target=whole, daemon=True)
    thread.start()
    ready.wait(60)
    if "error" in found:
        raise found["error"]
    try:
        yield found["door"]
    finally:
        stop.set()
        with suppress(RuntimeError):
            thread.join(20)


@contextmanager
def browser():
    """Open Debian's chromium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where a browser is there

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


def settled(page):
    """Wait until no part of a page is being loaded. The page's policy forbids playwright's own way to wait."""
    for _ in range(400):
        if page.evaluate(_SETTLED):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{page.url} keeps loading")


_SETTLED = """() => window.htmx && !document.querySelector('.htmx-request, .progress') &&
    ![...document.querySelectorAll('p.quiet')].some(one => one.textContent.startsWith('Looking'))"""
