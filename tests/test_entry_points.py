"""Tests that our reader of entry points finds what importlib.metadata finds."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from importlib.machinery import PathFinder

import pytest

from ptb_bucket import _entry_points
from ptb_bucket._entry_points import EntryPoint, entry_points

GROUP = "ptb_bucket.providers"


def expected(group=GROUP, **more):
    return sorted((entry.name, entry.value) for entry in importlib.metadata.entry_points(group=group, **more))


def found(group=GROUP, **more):
    return sorted((entry.name, entry.value) for entry in entry_points(group=group, **more))


@pytest.fixture
def alone(monkeypatch):
    """Let every package be found by reading folders, or fail."""

    def refuse(_):
        raise AssertionError("importlib.metadata was asked")

    monkeypatch.setattr(_entry_points, "_elsewhere", refuse)


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Put folders with entry points in front of the path."""
    made = []

    def install(name, text, folder="site"):
        place = tmp_path / folder / name
        place.mkdir(parents=True)
        (place / "entry_points.txt").write_text(text, encoding="utf-8")
        if str(place.parent) not in made:
            made.append(str(place.parent))
        monkeypatch.setattr(sys, "path", [*made, *(each for each in sys.path if each not in made)])

    return install


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("group", [GROUP, "ptb_bucket.secrets", "pytest11", "console_scripts", "nothing"])
def test_what_is_installed_here(group):
    assert found(group) == expected(group)
    if group == GROUP:
        assert {"file", "memory", "s3", "gs"} <= {name for name, _ in found()}
        assert found(name="s3") == expected(name="s3") != []


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    "text",
    [
        f"[{GROUP}]\nxx = a:B\nyy=c.d : E.F [extra]\n",
        f"# a comment\n\n[other]\nxx = no:No\n[{GROUP}]\n# xx = no:No\n\n xx = a:B \n[more]\nzz = no:No",
        f"\r\n[{GROUP}]\r\nxx = a:B\r\n",
        "xx = before:Sections\n",
        "",
    ],
)
def test_each_way_to_write_them(install, text):
    install("some_provider-1.0.dist-info", text)
    assert found() == expected()


@pytest.mark.usefixtures("alone")
def test_the_first_of_two_installations_of_a_package_counts(install):
    for folder, name in [("one", "Some.Provider-1.dist-info"), ("two", "some_provider-2.dist-info")]:
        install(name, f"[{GROUP}]\nxx = {folder}:B\n", folder)
    assert found() == expected()
    assert found(name="xx") == [("xx", "one:B")]


@pytest.mark.usefixtures("alone")
def test_two_packages_that_serve_one_scheme_are_both_found(install):
    install("one-1.dist-info", f"[{GROUP}]\ns3 = one:A\n")
    install("two.egg-info", f"[{GROUP}]\ns3 = two:B\n")
    assert found() == expected()
    assert len(found(name="s3")) == 3


def test_packages_in_a_zip_are_found(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as archive:
        archive.writestr("some_provider-1.dist-info/entry_points.txt", f"[{GROUP}]\nxx = a:B\n")
        archive.writestr(
            "some_provider-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: some-provider\nVersion: 1\n"
        )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "packages.zip")])
    assert found() == expected()
    assert found(name="xx") == [("xx", "a:B")]


def test_packages_that_another_finder_knows_are_found(install, monkeypatch):
    class Finder:
        find_spec = PathFinder.find_spec
        find_distributions = PathFinder.find_distributions

    install("some_provider-1.dist-info", f"[{GROUP}]\nxx = a:B\n")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    monkeypatch.setattr(_entry_points, "_in_folders", None)
    assert found() == expected()


@pytest.mark.parametrize("value", ["pathlib:Path.home", "pathlib", "pathlib : Path [extra]", "os:path.join"])
def test_an_object_is_loaded(value):
    assert EntryPoint("x", value).load() == importlib.metadata.EntryPoint("x", value, GROUP).load()


@pytest.mark.usefixtures("alone")
def test_a_package_that_is_installed_later_is_found(install):
    install("one-1.0.dist-info", "[ptb_bucket.providers]\none = one:Store\n")
    assert ("one", "one:Store") in found()
    install("two-1.0.dist-info", "[ptb_bucket.providers]\ntwo = two:Store\n")
    assert {("one", "one:Store"), ("two", "two:Store")} <= set(found())


@pytest.mark.usefixtures("alone")
def test_folders_are_read_once_while_they_do_not_change(install, monkeypatch):
    install("one-1.0.dist-info", "[ptb_bucket.providers]\none = one:Store\n")
    first = found()
    monkeypatch.setattr(_entry_points, "_text", lambda _: pytest.fail("a package was read again"))
    assert found() == first
