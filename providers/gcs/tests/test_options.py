from __future__ import annotations

import subprocess
import sys

import pytest

from ptb_bucket.errors import ConfigurationError, UnsupportedError
from ptb_bucket.stores import Create, PrefixStore, open_store
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs._options import OPTIONS, is_google


def test_a_uri_opens_it():
    store = open_store(
        "gs://bucket/some/prefix?endpoint_url=http://127.0.0.1:1&timeout=2.5&always_prove=true&project=p"
    )
    assert isinstance(store, PrefixStore)
    assert repr(store) == "PrefixStore(GcsStore('bucket'), 'some/prefix/')"
    assert store._store._options == Options(
        endpoint_url="http://127.0.0.1:1", timeout=2.5, always_prove=True, project="p"
    )
    assert store._store._proof.key == "some/prefix/.ptb-bucket-proof"


def test_every_option_can_be_in_a_uri():
    given = dict.fromkeys(OPTIONS, "x") | {
        "timeout": "1",
        "always_prove": "false",
        "endpoint_url": "https://a.b/",
        "client": "auto",
    }
    store = open_store("gs://bucket?" + "&".join(f"{name}={value}" for name, value in given.items()))
    assert vars(store._options) == given | {"timeout": 1.0, "always_prove": False, "endpoint_url": "https://a.b"}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("timeout=soon", "timeout"),
        ("timeout=0", "timeout"),
        ("timeout=nan", "timeout"),
        ("timeout=inf", "timeout"),
        ("always_prove=perhaps", "always_prove"),
        ("endpoint_url=ftp://x", "endpoint_url"),
        ("endpoint_url=http://", "endpoint_url"),
        ("endpoint_url=http://me:rosebud@x", "endpoint_url"),
        ("region=x", "service_account_file"),
        ("client=sdk", "auto, light, google-cloud-storage"),
        ("client=light&service_account_file=x", "service_account_file"),
    ],
)
def test_wrong_options_are_refused(query, text):
    with pytest.raises(ConfigurationError, match=text) as caught:
        open_store(f"gs://bucket?{query}")
    assert "rosebud" not in str(caught.value)


@pytest.mark.parametrize("bucket", ["Bucket", "ab", "bucket-", "a" * 223])
def test_what_is_no_bucket_is_refused(bucket):
    with pytest.raises(ConfigurationError, match="bucket"):
        open_store(f"gs://{bucket}")


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1:1", "http://127.0.0.1:1"), ("https://x/", "https://x")])
def test_the_emulators_variable_is_honoured(monkeypatch, host, url):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", host)
    assert GcsStore("bucket")._options.endpoint_url == url
    assert GcsStore("bucket", Options(endpoint_url="http://y"))._options.endpoint_url == "http://y"


def test_the_pace_is_googles():
    assert GcsStore.min_write_interval == GcsStore("bucket").min_write_interval == 1.0
    assert GcsStore(
        "bucket", Options(endpoint_url="https://storage.europe-west1.rep.googleapis.com")
    ).min_write_interval
    assert GcsStore("bucket", Options(endpoint_url="http://localhost:1")).min_write_interval == 0.0
    assert (
        GcsStore("bucket", Options(endpoint_url="http://storage.googleapis.com.evil.example")).min_write_interval == 0
    )


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (None, True),
        ("https://storage.googleapis.com", True),
        ("https://storage.europe-west1.rep.googleapis.com/", True),
        ("https://STORAGE.GOOGLEAPIS.COM:443", True),
        ("https://evilgoogleapis.com", False),
        ("https://storage.googleapis.com.evil.example", False),
        ("https://evil.example/storage.googleapis.com", False),
        ("https://storage.googleapis.com@evil.example", False),
        ("https://evil.example?.googleapis.com", False),
        ("http://localhost:4443", False),
    ],
)
def test_only_google_is_google(endpoint, expected):
    """Whom we take for Google gets the default credentials, and is believed without a proof."""
    assert is_google(endpoint) is expected


@pytest.mark.parametrize("key", ["a\nb", "a\rb", ".", "..", ".well-known/acme-challenge/x", ".ptb-bucket-proof"])
async def test_keys_that_google_refuses_are_refused_before(key, store, proxy):
    for operation in (store.put(key, b"1", Create()), store.get(key), store.delete(key)):
        with pytest.raises(UnsupportedError):
            await operation
    assert proxy.requests == []


def test_nothing_of_google_is_imported_before_a_store_is_used():
    """Opening one does not import it either: the first operation does, in its thread."""
    program = """
import sys
import ptb_bucket, ptb_bucket_gcs
ptb_bucket.open_store("gs://bucket/prefix")
print([name for name in sys.modules if name.split(".")[0] in {"google", "requests", "urllib3"}])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_messages_name_an_object_by_its_address():
    assert open_store("gs://my-bucket/my-bot").describe("state.json") == "gs://my-bucket/my-bot/state.json"
