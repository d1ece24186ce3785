"""Tests that the site answers the questions of newcomers, in ``questions.json``, and that its search finds the answers.

Each question has the page and anchor with the answer, words that somebody would type into the search, and texts that
the answer must contain. Add a question when somebody asks one that the site did not answer.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

QUESTIONS = json.loads((Path(__file__).parent / "questions.json").read_text("utf-8"))
EVERY = [pytest.param(one, id=one["answer"]) for one in QUESTIONS]


def plain(text):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


@pytest.fixture(scope="module")
def sections(site):
    """Return the text of each section of the site by its address, with the titles of its page and of itself."""
    entries = json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    titles = {one["location"]: plain(one["title"]) for one in entries if "#" not in one["location"]}
    return {
        one["location"]: f"{titles[one['location'].partition('#')[0]]} {plain(one['title'])} {plain(one['text'])}"
        for one in entries
    }


def answer(sections, address):
    """Return the text of an answer: of one section with those below it, or of a whole page."""
    page, anchor, _ = address.partition("#")
    if not anchor:
        return " ".join(text for location, text in sections.items() if location.partition("#")[0] == page)
    return sections[address]


def test_there_are_twenty_questions():
    assert len(QUESTIONS) >= 20
    assert len({one["question"] for one in QUESTIONS}) == len({one["answer"] for one in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.long  # it needs the site: nox -s docs
@pytest.mark.parametrize("one", EVERY)
def test_the_answer_is_there_and_says_what_matters(sections, one):
    text = answer(sections, one["answer"])
    assert [words for words in one["says"] if words not in text] == []


@pytest.mark.long  # it needs the site: nox -s docs
@pytest.mark.parametrize("one", EVERY)
def test_the_page_of_the_answer_has_the_words_of_the_search(sections, one):
    """The search asks for the beginnings of words, so a plural may stand for the singular."""
    page = answer(sections, one["answer"].partition("#")[0]).lower()
    words = re.split(r"[\s.,:?]+", one["search"].lower())
    assert [word for word in words if word.removesuffix("s") not in page] == []
