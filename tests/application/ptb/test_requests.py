"""The request objects of our builder equal those of PTB's builder in everything but the TLS context that they share."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from telegram.ext import Application, ApplicationBuilder, ExtBot, Updater
from telegram.request import HTTPXRequest

from ptb_bucket import bucket_application
from ptb_bucket.application.ptb import requests
from ptb_bucket.stores import tls_context

TOKEN = "1:a"
SOCKET = [(6, 1, 1)]

OPTIONS = [
    {},
    *({f"{prefix}{name}_timeout": value} for prefix in ("", "get_updates_")
      for name in ("connect", "read", "write", "pool") for value in (7.5, None)),
    {"media_write_timeout": 9.0},
    {"media_write_timeout": None},
    {"connection_pool_size": 8},
    {"connection_pool_size": 0},
    {"get_updates_connection_pool_size": 8},
    {"proxy": "http://127.0.0.1:3128", "get_updates_proxy": httpx.URL("http://127.0.0.1:3129")},
    {"proxy": httpx.Proxy("http://127.0.0.1:3128", auth=("a", "b"))},
    {"proxy": None, "socket_options": None, "get_updates_proxy": None, "get_updates_socket_options": None},
    {"http_version": "1.1", "get_updates_http_version": "1.1"},
    {"base_url": "http://127.0.0.1:1/bot", "base_file_url": "http://127.0.0.1:1/file"},
    {"updater": None},
    {"connect_timeout": 1.5, "read_timeout": 2.5, "connection_pool_size": 3, "get_updates_read_timeout": 30.0},
]  # fmt: skip
PTB_MAKES_IT = [
    {"socket_options": SOCKET, "get_updates_socket_options": SOCKET},
    {"http_version": "2", "get_updates_http_version": "2"},
    {"http_version": "2.0", "get_updates_http_version": "2.0"},
]


def apply(builder, options):
    for name, value in options.items():
        getattr(builder, name)(value)
    return builder.token(TOKEN)


def both(options):
    """Return what PTB's builder and ours make: (request, get_updates_request) each."""
    return [
        apply(builder, options).build().bot._request[::-1]
        for builder in (Application.builder(), bucket_application("memory:"))
    ]


def context_of(transport):
    return transport._pool._ssl_context


def contexts(request):
    """Return the TLS contexts of a client, through proxies too."""
    transports = [request._client._transport, *filter(None, request._client._mounts.values())]
    return [context_of(one) for one in transports]


def left_alone(*requests_):
    """Tell whether each was made without our context. (The tests make PTB's own clients share one, too.)"""
    return not any("verify" in one._client_kwargs for one in requests_)


def described(request):
    """Return everything that a request object was made from, without its TLS context."""
    given = {**request._client_kwargs, "verify": None, "transport": request._client_kwargs["transport"] is not None}
    if isinstance(given["proxy"], httpx.Proxy):
        given["proxy"] = repr(given["proxy"])
    plain = (int, float, str, bool, list, type(None))
    transports = [request._client._transport, *filter(None, request._client._mounts.values())]
    pools = [{key: one for key, one in vars(each._pool).items() if type(one) in plain} for each in transports]
    mine = {name: getattr(request, name) for name in ("_media_write_timeout", "_http_version", "read_timeout")}
    return type(request), given, mine, pools, request._client.timeout, request._client.trust_env


@pytest.mark.parametrize("options", [*OPTIONS, *PTB_MAKES_IT], ids=str)
def test_requests_are_as_ptb_makes_them(options):
    try:
        ptbs, ours = both(options)
    except (RuntimeError, ImportError) as error:  # an extra of PTB that is not installed
        with pytest.raises(type(error), match="must be installed"):
            apply(bucket_application("memory:"), options).build()
        return
    assert [described(one) for one in ours] == [described(one) for one in ptbs]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_they_share_one_tls_context(options):
    _, ours = both(options)
    found = [context for request in ours for context in contexts(request)]
    assert {id(one) for one in found} == {id(tls_context())}


def test_the_shared_context_verifies_as_ptbs_does():
    ptbs, _ = both({})
    for one in contexts(ptbs[0]):
        ours = tls_context()
        assert (ours.verify_mode, ours.check_hostname) == (one.verify_mode, one.check_hostname)
        assert (ours.minimum_version, ours.options) == (one.minimum_version, one.options)
        assert ours.get_ca_certs(binary_form=True) == one.get_ca_certs(binary_form=True)


def test_a_client_that_is_initialized_again_shares_it_still():
    _, (request, _) = both({})
    assert request._build_client()._transport._pool._ssl_context is tls_context()


@pytest.mark.parametrize("options", PTB_MAKES_IT, ids=str)
def test_a_client_that_could_not_share_it_is_left_alone(options):
    try:
        _, ours = both(options)
    except (RuntimeError, ImportError) as error:
        assert "must be installed" in str(error)  # noqa: PT017
        return
    assert left_alone(*ours)


def test_own_request_objects_are_left_alone():
    mine, other = HTTPXRequest(), HTTPXRequest(connection_pool_size=2)
    bot = bucket_application("memory:").token(TOKEN).request(mine).get_updates_request(other).build().bot
    assert bot._request == (other, mine)
    assert left_alone(mine, other)


def test_one_own_request_object_is_left_alone():
    mine = HTTPXRequest()
    bot = bucket_application("memory:").token(TOKEN).request(mine).build().bot
    assert bot._request[1] is mine
    assert contexts(bot._request[0]) == [tls_context()]


def test_an_own_bot_is_left_alone():
    bot = ExtBot(TOKEN)
    before = bot._request
    assert bucket_application("memory:").bot(bot).build().bot._request is before


async def test_an_own_updater_is_left_alone():
    updater = Updater(ExtBot(TOKEN), asyncio.Queue())
    before = updater.bot._request
    assert bucket_application("memory:").updater(updater).build().bot._request is before


def test_a_builder_builds_twice_and_can_be_changed_in_between():
    builder = bucket_application("memory:").token(TOKEN)
    first = builder.build()
    second = builder.request(HTTPXRequest(connection_pool_size=3)).build()
    assert first.bot._request[1] is not second.bot._request[1]


def test_a_missing_token_is_ptbs_error():
    with pytest.raises(RuntimeError, match="No bot token was set"):
        bucket_application("memory:").proxy("nonsense://x").build()


def test_an_option_that_is_not_known_here_is_not_lost(monkeypatch):
    monkeypatch.setattr(ApplicationBuilder, "__slots__", (*ApplicationBuilder.__slots__, "_get_updates_cookies"))
    assert requests._request_options() - requests.REQUEST_OPTIONS == {"cookies"}
    _, ours = both({})
    assert left_alone(*ours)
