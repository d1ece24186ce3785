"""Tests of what the distributions say about themselves: extras, requirements, classifiers and addresses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from trove_classifiers import classifiers

from ptb_bucket.stores import registry
from releasing.trying import EXTRAS
from releasing.versions import folders, read_version

ROOT = Path(__file__).parents[2]
VERSION = read_version(ROOT)
PROVIDER_EXTRAS = {
    "s3": [f"ptb-bucket-s3[aioboto3]=={VERSION}"],
    "s3-light": [f"ptb-bucket-s3=={VERSION}"],
    "gcs": [f"ptb-bucket-gcs=={VERSION}"],
}
FOR_DEVELOPERS = {"dev", "testing"}

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="tomllib, which reads pyproject.toml, is in Python 3.11"
)


def pyproject(folder):
    import tomllib  # noqa: PLC0415  since Python 3.11

    return tomllib.loads(folder.joinpath("pyproject.toml").read_text(encoding="utf-8"))


def projects():
    return {folder.name: pyproject(folder)["project"] for folder in folders(ROOT)}


def core():
    return pyproject(ROOT)["project"]


def extras():
    return core()["optional-dependencies"]


def providers():
    return [pyproject(folder)["project"] for folder in folders(ROOT)[1:]]


def test_an_extra_names_its_distribution_in_the_same_version():
    assert {name: extras()[name] for name in PROVIDER_EXTRAS} == PROVIDER_EXTRAS


def test_every_provider_has_an_extra():
    named = {Requirement(text).name for texts in PROVIDER_EXTRAS.values() for text in texts}
    assert named == {each["name"] for each in providers()}
    assert [each["name"] for each in providers()] == [f"ptb-bucket-{folder.name}" for folder in folders(ROOT)[1:]]


def test_what_an_extra_asks_of_a_provider_exists():
    offered = {each["name"]: set(each["optional-dependencies"]) for each in providers()}
    for requirement in map(Requirement, (text for texts in PROVIDER_EXTRAS.values() for text in texts)):
        assert requirement.extras <= offered[requirement.name]


def test_all_is_everything_that_a_bot_can_use():
    (everything,) = (Requirement(text) for text in extras()["all"])
    # s3 includes the light client.
    assert everything.name == "ptb-bucket"
    assert everything.extras == extras().keys() - FOR_DEVELOPERS - {"all", "s3-light"}


def test_the_release_tries_every_extra_of_a_provider():
    assert EXTRAS.keys() == {"", "all", *PROVIDER_EXTRAS}


def test_a_provider_requires_the_core_that_it_was_released_with():
    for each in providers():
        (own,) = (wanted for text in each["dependencies"] if (wanted := Requirement(text)).name == "ptb-bucket")
        assert own.specifier.contains(Version(VERSION), prereleases=True)
        assert {part.operator for part in own.specifier} == {">=", "<"}


def test_no_install_in_a_checkout_asks_the_index_for_a_provider():
    """``dev`` and ``testing`` are what a checkout installs; anybody may have taken a provider's name on an index."""
    for name in extras().keys() - PROVIDER_EXTRAS.keys() - {"all"}:
        for requirement in map(Requirement, extras()[name]):
            assert requirement.name not in {each["name"] for each in providers()}
            assert not (requirement.name == "ptb-bucket" and requirement.extras & {"all", *PROVIDER_EXTRAS})


def test_all_distributions_say_the_same_about_python_and_the_licence():
    for key in ("classifiers", "requires-python", "license", "version"):
        assert len({str(each[key]) for each in projects().values()}) == 1, key
    licences = {folder.joinpath("LICENSE").read_bytes() for folder in folders(ROOT)}
    assert len(licences) == 1


def test_classifiers_are_known_and_name_the_supported_pythons():
    ours = core()["classifiers"]
    assert set(ours) - set(classifiers) == set()
    assert ours == sorted(ours)
    prefix = "Programming Language :: Python :: 3."
    minors = [int(each.removeprefix(prefix)) for each in ours if each.startswith(prefix)]
    assert minors == list(range(10, 15))
    assert core()["requires-python"] == f">=3.{minors[0]}"


def test_addresses_lead_to_the_repository():
    names = {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    for folder in folders(ROOT):
        urls = pyproject(folder)["project"]["urls"]
        assert urls.keys() == names
        assert {url for url in urls.values() if not url.startswith("https://github.com/ptb-bucket/ptb-bucket")} == set()
        for path in (url.partition("/main/")[2].partition("#")[0] for url in urls.values()):
            assert ROOT.joinpath(path).exists(), path


def test_the_message_about_a_missing_provider_names_an_extra():
    assert set(registry._KNOWN.values()) <= PROVIDER_EXTRAS.keys()
