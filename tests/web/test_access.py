"""The pages at 360 pixels, in the dark, with the keyboard alone, and as axe judges them."""

from __future__ import annotations

import pytest

from support.web.pages import settled
from support.web.population import populate

SHOWN = ("/", "/people?kind=user_data", "/conversations", "/conversations/in?handler=booking&state=people", "/timers",
         "/keyboards", "/bot", "/person/42", "/person/42?at=2099-01-01T00:00", "/search?q=tea", "/erase/42",
         "/edit?kind=user_data&id=42&path=cart",
         "/plan?action=end&kind=conversations&id=%5B%22booking%22%2C42%2C42%5D")  # fmt: skip


OVERLAPPING = """() => [...document.querySelectorAll('td, th')].filter(
    cell => cell.clientWidth && cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.innerText)"""


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return populate(tmp_path_factory.mktemp("web") / "bot", "layout=per-record")


def serious(page, axe_options):
    """Return what axe finds serious, each with an example."""
    found = page.evaluate("how => axe.run(document, how).then(found => found.violations)", axe_options)
    return [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_no_page_has_a_serious_finding_of_axe_in_light_or_dark(opened, uri, axe, count):
    with opened(uri, write=True, context={"bypass_csp": True}) as page:
        for number, address in enumerate(SHOWN):
            page.emulate_media(color_scheme="light")
            page.goto(page.home + address)
            settled(page)
            page.evaluate(axe)
            assert serious(page, {}) == [], address
            if number % count(3, 1) == 0:  # all pages have the same colours
                page.emulate_media(color_scheme="dark")
                assert serious(page, {"runOnly": ["color-contrast"]}) == [], (address, "dark")


@pytest.mark.parametrize("mask", [False, True])
def test_nothing_is_wider_than_a_phone(opened, uri, mask):
    with opened(uri, write=True, mask=mask, context={"viewport": {"width": 360, "height": 740}}) as page:
        for address in SHOWN if not mask else ("/person/42", "/search?q=tea"):
            page.goto(page.home + address)
            settled(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
            assert page.evaluate(OVERLAPPING) == [], address


def test_dark_is_dark(opened, uri):
    with opened(uri, context={"color_scheme": "dark"}) as page:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, colour.removeprefix("rgb(").removesuffix(")").split(", "))) < 60


def focus(page, name, most=120):
    """Press Tab until something with this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || "
            "document.activeElement.id || '').trim()"
        )
        if found == name:
            return
    raise AssertionError(f"The keyboard does not reach {name!r}")


def test_the_keyboard_alone_changes_a_value(opened, tmp_path):
    with opened(populate(tmp_path / "bot", "layout=single"), write=True) as page:
        focus(page, "q")
        page.keyboard.type("42")
        page.keyboard.press("Enter")
        page.wait_for_url("**/person/42")
        focus(page, "Edit visits")
        page.keyboard.press("Enter")
        page.wait_for_url("**/edit**")
        focus(page, "text")
        page.keyboard.press("Control+A")
        page.keyboard.type("7")
        focus(page, "Show the difference")
        page.keyboard.press("Enter")
        page.wait_for_url("**/plan")
        focus(page, "Save")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Saved").wait_for()
        page.goto(page.home + "/person/42")
        assert page.locator(".leaf", has_text="visits").first.inner_text().endswith("7")
