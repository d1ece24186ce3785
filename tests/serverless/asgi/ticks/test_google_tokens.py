"""Tests of ``POST /tick`` with tokens of Google: only the right account may tick, and Google's keys are kept."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.asgi import GoogleOidc, asgi_webhook, ticks
from support.serverless.asgi_server import logs, post, running
from support.serverless.google_keys import AUDIENCE, EMAIL, GoogleKeysServer, Signer


@pytest.fixture(scope="module")
def signer():
    return Signer("1")


@pytest.fixture
def keys(signer):
    with GoogleKeysServer(signer) as server:
        yield server


@pytest.fixture
async def google(bot, keys):
    tick = GoogleOidc(audience=AUDIENCE, email=EMAIL, certificates=keys.url)
    async with running(asgi_webhook(bot.build_application, deadline=5, tick=tick)) as client:
        yield client


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def test_the_token_of_the_right_account_may_tick(google, signer, bucket):
    assert await post(google, "remind 0") == 200
    answer = await google.post("/tick", headers=bearer(signer.token()))
    assert (answer.status_code, answer.json()) == (200, {"ran": 1, "left": False})
    assert await logs(bucket) == {7: ["reminded"]}


HOUR = 3600
WRONG = {
    "another audience": ({"aud": "https://another.example"}, "for another audience"),
    "no audience": ({"aud": None}, "for another audience"),
    "another e-mail": ({"email": "stranger@my-project.iam.gserviceaccount.com"}, "of another account"),
    "no e-mail": ({"email": None}, "of another account"),
    "an unverified e-mail": ({"email_verified": False}, "is not verified"),
    "a verified e-mail as text": ({"email_verified": "true"}, "is not verified"),
    "another issuer": ({"iss": "https://evil.example"}, "was not issued by Google"),
    "expired": ({"iat": time.time() - 2 * HOUR, "exp": time.time() - HOUR}, "not valid now"),
    "not yet valid": ({"iat": time.time() + 10 * HOUR, "exp": time.time() + 11 * HOUR}, "not valid now"),
    "no end": ({"exp": None}, "not valid now"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_claim_is_forbidden(google, signer, caplog, what):
    claims, reason = WRONG[what]
    token = signer.token(**claims)
    assert (await google.post("/tick", headers=bearer(token))).status_code == 403
    assert reason in caplog.text
    assert "stranger@" not in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize("key_id", ["1", "2", ""])
async def test_another_signer_is_forbidden(google, caplog, key_id):
    assert (await google.post("/tick", headers=bearer(Signer(key_id).token()))).status_code == 403
    assert "not signed by Google" in caplog.text


def forged(signer):
    """Make tokens that a stranger could send."""
    right = signer.token()
    head, payload, signature = right.split(".")
    other = signer.token(email="stranger@example.com").split(".")[1]
    none = "eyJhbGciOiJub25lIn0"
    return [f"{head}.{other}.{signature}", f"{none}.{payload}.", f"{head}.{payload}.", right[:-8], "x.y.z", "...", "x",
            "a" * 8000]  # fmt: skip


async def test_forged_tokens_are_forbidden(google, signer):
    statuses = [(await google.post("/tick", headers=bearer(token))).status_code for token in forged(signer)]
    assert statuses == [403] * len(statuses)


async def test_a_token_whose_signature_the_platform_has_removed_is_explained(google, signer, caplog):
    token = signer.token().rpartition(".")[0] + ".SIGNATURE_REMOVED_BY_GOOGLE"
    assert (await google.post("/tick", headers=bearer(token))).status_code == 403
    assert "has checked the token and removed its signature" in caplog.text


async def test_the_keys_are_fetched_once_and_again_when_they_are_too_old(google, signer, keys, monkeypatch):
    assert keys.requests == 0
    statuses = await asyncio.gather(*(google.post("/tick", headers=bearer(signer.token())) for _ in range(5)))
    assert {answer.status_code for answer in statuses} == {200}
    assert keys.requests == 1
    real = time.monotonic
    monkeypatch.setattr(ticks.time, "monotonic", lambda: real() + 3601)
    assert (await google.post("/tick", headers=bearer(signer.token()))).status_code == 200
    assert keys.requests == 2


async def test_without_a_token_no_key_is_fetched(google, keys):
    assert (await google.post("/tick")).status_code == 403
    assert keys.requests == 0


@pytest.mark.parametrize("broken", [(500, b""), (200, b"<html>"), (200, b"[]")])
async def test_keys_that_cannot_be_fetched_are_503_and_are_fetched_again(google, signer, keys, caplog, broken):
    keys.status, keys.body = broken
    answer = await google.post("/tick", headers=bearer(signer.token()))
    assert (answer.status_code, answer.text) == (503, "Google's public keys could not be fetched.")
    assert keys.url in caplog.text
    keys.status, keys.body = 200, b""
    assert (await google.post("/tick", headers=bearer(signer.token()))).status_code == 200


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("public, max-age=20000, must-revalidate", 20_000),
        ("max-age=1", 60),
        ("no-store", 60),
        ("max-age=9999999", 86_400),
    ],
)
def test_keys_are_kept_as_long_as_google_says_within_limits(header, seconds):
    assert ticks._age(header) == seconds


@pytest.mark.parametrize("wrong", [{"audience": ""}, {"email": " "}, {"audience": None}, {"certificates": ""}])
def test_an_empty_argument_is_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        GoogleOidc(**{"audience": AUDIENCE, "email": EMAIL, **wrong})


def test_without_google_auth_it_says_what_to_install():
    code = """
import sys
sys.modules["google"] = None
from ptb_bucket.serverless.asgi import GoogleOidc, asgi_webhook
asgi_webhook(dict, tick=GoogleOidc(audience="a", email="b"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConfigurationError" in done.stderr
    assert "pip install 'ptb-bucket[oidc]'" in done.stderr.splitlines()[-1]
