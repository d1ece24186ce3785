from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptb_bucket.errors import UnsupportedError
from ptb_bucket.stores.local.names import directory_segment, file_segment, relative_path

# 20 characters of 4 bytes, escaped, just fit into a name.
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
TRICKY = st.text("aA./%d~ :\\", min_size=1, max_size=12)


def test_readable_and_tricky_names():
    table = {
        "state.json": "state.json",
        "chats/-100123.json": "chats.d/-100123.json",
        "a": "a",
        "a/b": "a.d/b",
        "a.d": "a.%64",
        "a.d/b": "a.d.d/b",
        "a//b/": "a.d/%.d/b.d/%",
        "/a": "%.d/a",
        "..": "%2E%2E",
        "../x": "%2E%2E.d/x",
        ".lock": "%2Elock",
        ".tmp-1": "%2Etmp-1",
        "100%": "100%25",
        "con": "%63on",
        "con.json": "%63on.json",
        "nul/console": "%6Eul.d/console",
        "end. ": "end.%20",
        "A": "%41",
        "é": "%C3%A9",
    }
    assert {key: relative_path(key) for key in table} == table


@settings(deadline=None)
@given(KEYS | TRICKY)
def test_every_path_leads_back_to_its_key(key):
    *directories, file = relative_path(key).split("/")
    assert "/".join([*map(directory_segment, directories), file_segment(file)]) == key


@settings(deadline=None)
@given(KEYS | TRICKY)
def test_names_are_safe_everywhere(key):
    for name in relative_path(key).split("/"):
        assert name
        assert not name.startswith(".")
        assert name[-1] not in ". "
        assert name.isascii()
        assert name == name.lower() or "%" in name
        assert not set(name) & set('\\:*?"<>|~')


@settings(deadline=None)
@given(TRICKY, TRICKY)
def test_two_keys_never_share_a_path_or_need_a_file_as_directory(one, other):
    first, second = relative_path(one).casefold(), relative_path(other).casefold()
    assert (first == second) == (one == other)
    assert not second.startswith(first + "/")


@pytest.mark.parametrize(
    "name", ["README.md", ".lock", "a%2eb", "a%62", "%41.", "x%FF", "x%", "%64", "é", "\udcff", ".d"]
)
def test_foreign_files_are_not_listed(name):
    assert file_segment(name) is None
    assert directory_segment(name + ".d") is None or name == "%41."


def test_longest_name_fits_and_a_longer_one_is_refused():
    assert relative_path("x" * 255)
    with pytest.raises(UnsupportedError, match="256 bytes, which exceeds the limit of 255"):
        relative_path("x" * 256)
    with pytest.raises(UnsupportedError, match="exceeds the limit of 255"):
        relative_path("x" * 254 + "/a")
