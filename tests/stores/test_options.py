"""Tests of URI options: read by the types of fields, and never repeated in an error."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import check_endpoint, check_seconds, read_options


@dataclass
class Settings:
    region: str | None = None
    timeout: float = 1.0
    always: bool = False
    home: str = ""


def test_fields_say_what_a_value_is():
    given = {"region": "1", "timeout": "2.5", "always": "TRUE"}
    assert read_options(Settings, given, home="x/") == Settings("1", 2.5, always=True, home="x/")
    assert read_options(Settings, {"always": "0"}) == Settings()


@pytest.mark.parametrize("given", [{"timeout": "rosebud"}, {"always": "rosebud"}])
def test_what_is_wrong_is_named_and_not_repeated(given):
    with pytest.raises(ConfigurationError, match=next(iter(given))) as caught:
        read_options(Settings, given)
    assert "rosebud" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_no_limit_is_none(seconds):
    check_seconds("timeout", 0.1)
    with pytest.raises(ConfigurationError, match="timeout"):
        check_seconds("timeout", seconds)


@pytest.mark.parametrize(
    "url", ["minio", "ftp://x", "http://", "http://a:rosebud@x", "http://x?rosebud", "http://x#rosebud"]
)
def test_an_endpoint_is_a_plain_url(url):
    check_endpoint("endpoint_url", "http://127.0.0.1:9000/path")
    with pytest.raises(ConfigurationError, match="endpoint_url") as caught:
        check_endpoint("endpoint_url", url)
    assert "rosebud" not in str(caught.value)
