"""Tests of secret settings, from the environment or from a parameter that it names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ptb_bucket._entry_points import EntryPoint
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless import settings
from ptb_bucket.serverless.aws import setting

NAME = "TELEGRAM_BOT_TOKEN"
asked = []


def read(name):
    """Read a parameter, as a provider's reader does."""
    asked.append(name)
    return f" value of {name}\n"


@pytest.fixture
def installed(monkeypatch):
    """Install readers for this test."""

    def install(*values):
        entries = [EntryPoint("ssm", value) for value in values]
        monkeypatch.setattr(settings, "entry_points", lambda **_: entries)

    monkeypatch.setitem(sys.modules, "a_reader", sys.modules[__name__])
    settings._read.cache_clear()
    asked.clear()
    yield install
    settings._read.cache_clear()


def test_it_is_in_the_environment(monkeypatch):
    monkeypatch.setenv(NAME, " 123:abc\n")
    assert setting(NAME) == "123:abc"


def test_a_parameter_is_read_once_in_a_process(monkeypatch, installed):
    monkeypatch.setenv(NAME + "_PARAMETER", "/bot/token")
    installed("a_reader:read", "a_reader:read")  # one distribution can be seen twice
    assert [setting(NAME) for _ in range(3)] == ["value of /bot/token"] * 3
    assert asked == ["/bot/token"]


@pytest.mark.parametrize("value", [None, "", "  "])
def test_one_that_is_missing_says_what_to_set(monkeypatch, value):
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)
    with pytest.raises(ConfigurationError, match=f"{NAME}.*{NAME}_PARAMETER"):
        setting(NAME)


def test_both_are_a_contradiction(monkeypatch):
    monkeypatch.setenv(NAME, "rosebud")
    monkeypatch.setenv(NAME + "_PARAMETER", "/bot/token")
    with pytest.raises(ConfigurationError, match="Set only one") as caught:
        setting(NAME)
    assert "rosebud" not in str(caught.value)


@pytest.mark.parametrize(
    ("readers", "said"),
    [
        ((), "pip install ptb-bucket-s3"),
        (("a_reader:read", "another:read"), "Uninstall all but one"),
        (("missing_module:read",), "Reinstall it"),
    ],
)
def test_without_one_reader_it_says_what_to_do(monkeypatch, installed, readers, said):
    monkeypatch.setenv(NAME + "_PARAMETER", "/bot/token")
    installed(*readers)
    with pytest.raises(ConfigurationError, match=said):
        setting(NAME)


@pytest.mark.parametrize("secret", ["with space", "x" * 257, "r\u00f6sebud", "rosebud!"])
def test_a_secret_that_telegram_would_not_take_is_refused(monkeypatch, secret):
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", secret)
    with pytest.raises(ConfigurationError, match="set_webhook") as caught:
        settings.webhook_secret()
    assert secret not in str(caught.value)


def test_the_secret_may_be_a_parameter(monkeypatch, installed):
    monkeypatch.delenv("TELEGRAM_WEBHOOK_SECRET")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET_PARAMETER", "name")
    installed("a_reader:read")
    with pytest.raises(ConfigurationError, match="not a valid secret token"):  # "value of name" has spaces: it was read
        settings.webhook_secret()
    assert asked == ["name"]


def test_lambda_needs_neither_starlette_nor_an_sdk():
    code = "import sys; sys.modules['starlette'] = sys.modules['boto3'] = None; import ptb_bucket.serverless.aws"
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
