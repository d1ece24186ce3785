from __future__ import annotations

import subprocess
import sys

import pytest

from ptb_bucket._entry_points import EntryPoint
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import LocalStore, MemoryStore, PrefixStore, StoreUri, open_store, registry


class Optional(MemoryStore):
    scheme = "opt"
    OPTIONS = {"region": "where it lies", "endpoint": "another server"}  # noqa: RUF012 as a provider writes it


@pytest.fixture
def installed(monkeypatch):
    """Pretend that these (name, value) pairs are installed."""

    def install(*pairs):
        def entry_points(group, name=None):
            return [EntryPoint(*pair) for pair in pairs if group == registry.GROUP and name in (None, pair[0])]

        monkeypatch.setattr(registry, "entry_points", entry_points)

    return install


@pytest.fixture
def optional(installed, monkeypatch):
    monkeypatch.setattr("ptb_bucket.stores.Optional", Optional, raising=False)
    installed(("opt", "ptb_bucket.stores:Optional"), ("broken", "no_such_module:X"))


def test_the_core_serves_file_and_memory(tmp_path):
    assert isinstance(open_store("memory:"), MemoryStore)
    store = open_store(f"file:{tmp_path}")
    assert isinstance(store, LocalStore)
    assert store.root == tmp_path
    assert open_store(StoreUri("memory", "x")).name == "x"


def test_a_prefix_is_wrapped_around(optional):
    store = open_store("opt://bucket/some/prefix?region=x")
    assert isinstance(store, PrefixStore)
    assert store.prefix == "some/prefix/"
    assert isinstance(open_store("opt://bucket"), Optional)


def test_an_unknown_scheme_lists_the_installed_and_how_to_get_the_rest(installed):
    installed(("memory", "a:B"), ("file", "c:D"))
    with pytest.raises(ConfigurationError) as caught:
        open_store("ftp://bucket")
    message = str(caught.value)
    assert "No provider is installed for ftp:" in message
    assert "Installed: file, memory." in message
    assert "For s3: pip install 'ptb-bucket[s3]' (in a checkout: pip install . ./providers/s3)" in message
    assert "For gs: pip install 'ptb-bucket[gcs]' (in a checkout: pip install . ./providers/gcs)" in message


def test_what_is_installed_is_not_offered_for_installation(installed):
    installed(("s3", "a:B"))
    with pytest.raises(ConfigurationError) as caught:
        open_store("gs://bucket")
    assert "For s3" not in str(caught.value)


def test_an_unknown_option_lists_the_valid_ones(optional):
    with pytest.raises(ConfigurationError) as caught:
        open_store("opt://bucket?regoin=eu&region=eu")
    assert "the option 'regoin'. Did you mean 'region'?" in str(caught.value)
    for valid in ("endpoint (another server)", "region (where it lies)", "layout (", "codec ("):
        assert valid in str(caught.value)


def test_a_broken_provider_is_named_with_its_cause(optional):
    with pytest.raises(ConfigurationError, match=r"broken: URIs \(no_such_module:X\) could not be imported") as caught:
        open_store("broken://bucket")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_provider_that_is_no_store_is_refused(installed):
    installed(("xx", "pathlib:Path"))
    with pytest.raises(ConfigurationError, match="not a BlobStore class"):
        open_store("xx://bucket")


def test_two_providers_of_one_scheme_are_a_contradiction(installed):
    installed(("xx", "a:A"), ("xx", "b:B"))
    with pytest.raises(ConfigurationError, match=r"More than one provider is installed for xx: URIs \(a:A, b:B\)"):
        open_store("xx://bucket")


def test_a_provider_that_is_found_twice_counts_once(installed):
    pair = ("memory", "ptb_bucket.stores:MemoryStore")
    installed(pair, pair)
    assert isinstance(open_store("memory:"), MemoryStore)


def test_only_the_one_that_is_needed_is_imported():
    code = (
        "import sys; from ptb_bucket.stores import open_store; open_store('memory:');"
        "sys.exit(any(name.startswith(('ptb_bucket_', 'aioboto', 'boto', 'google')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
