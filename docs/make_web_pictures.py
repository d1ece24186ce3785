"""Make ``docs/pictures/web-*.png``: pages of ``ptb-bucket web`` about a bot for a breakfast place, in a real browser.

python docs/make_web_pictures.py [FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from PIL import Image

from support.web.pages import browser, served, settled
from support.web.population import populate

if TYPE_CHECKING:
    from playwright.sync_api import Page

COLOURS = 128
SIZE = {"width": 1180, "height": 760}


def overview(page: Page) -> None:
    """Show the overview."""


def funnel(page: Page) -> None:
    """Show the conversations."""
    page.get_by_role("link", name="Conversations", exact=True).click()


def person(page: Page) -> None:
    """Show Ada, with her history."""
    page.get_by_role("searchbox").fill("42")
    page.keyboard.press("Enter")
    page.locator(".timeline li").first.wait_for()
    page.get_by_text("is in state").wait_for()


def difference(page: Page) -> None:
    """Show a difference before it is saved."""
    person(page)
    page.get_by_role("link", name="Edit cart.items", exact=True).click()
    page.get_by_label("New value").fill('["2 breakfast", "2 tea", "1 cake"]')
    page.get_by_role("button", name="Show the difference").click()


def main(folder: Path) -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        uri = populate("breakfast-bot", "layout=per-record", log=13_000)
        with served(uri, write=True) as door, browser() as chromium:
            door.invite()
            context = chromium.new_context(viewport=SIZE, device_scale_factor=1.5)
            page = context.new_page()
            page.goto(door.said[-1])
            for show in (overview, funnel, person, difference):
                page.set_viewport_size(SIZE)
                page.goto(f"http://127.0.0.1:{door.port}/")
                show(page)
                settled(page)
                end = page.evaluate("document.querySelector('footer').getBoundingClientRect().top")
                page.set_viewport_size(SIZE | {"height": int(end)})  # nothing but the page
                picture = page.screenshot()
                few = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS)  # a quarter of the size
                few.save(folder / f"web-{show.__name__}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).resolve().parent / "pictures")
