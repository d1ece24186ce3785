"""The way to a server: directly, or through the proxy that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores.http.wire import Connections

if TYPE_CHECKING:
    import ssl

__all__ = ["Routes"]

_EXPIRY: Final = 12.0
"""Seconds for which an idle connection is kept, as aiobotocore keeps it. Servers close theirs a little later."""


class Routes:
    """The pools of one event loop: of direct connections, and of those through a proxy.

    Args:
        context: The TLS settings.
        scheme: The scheme of the store's URI, for messages.
    """

    def __init__(self, context: ssl.SSLContext, scheme: str) -> None:
        self.connections = Connections()
        self._context = context
        self._scheme = scheme
        self._by_proxy: dict[str, httpcore.AsyncConnectionPool] = {}
        self._by_origin: dict[tuple[str, bool], httpcore.AsyncConnectionPool] = {}

    def pool(self, origin: str, *, direct: bool = False) -> httpcore.AsyncConnectionPool:
        """Return the pool for a server.

        Args:
            origin: Scheme, host and port.
            direct: Use no proxy.

        Raises:
            ConfigurationError: The proxy is not valid, or needs another package.
        """
        found = self._by_origin.get((origin, direct))
        if found is None:
            proxy = "" if direct else _proxy_for(origin)
            if proxy not in self._by_proxy:
                self._by_proxy[proxy] = self._made(proxy)
            found = self._by_origin[origin, direct] = self._by_proxy[proxy]
        return found

    def _made(self, proxy: str) -> httpcore.AsyncConnectionPool:
        settings: dict[str, Any] = {
            "ssl_context": self._context,
            "max_connections": 50,
            "max_keepalive_connections": 20,
            "keepalive_expiry": _EXPIRY,
            "network_backend": self.connections,
        }
        return self._through(proxy, settings) if proxy else httpcore.AsyncConnectionPool(**settings)

    def _through(self, proxy: str, settings: dict[str, Any]) -> httpcore.AsyncConnectionPool:
        """Return a pool of connections through a proxy, whose password no message repeats."""
        problem = f"{self._scheme}: The proxy set in the environment"
        try:
            known = httpx.Proxy(proxy)
            url = httpcore.URL(scheme=known.url.raw_scheme, host=known.url.raw_host, port=known.url.port, target=b"/")
            kind = httpcore.AsyncSOCKSProxy if known.url.scheme.startswith("socks") else httpcore.AsyncHTTPProxy
            return kind(proxy_url=url, proxy_auth=known.raw_auth, **settings)
        except (ImportError, RuntimeError) as exc:
            raise ConfigurationError(f"{problem} requires an additional package: {exc}") from exc
        except (ValueError, httpx.InvalidURL):
            raise ConfigurationError(f"{problem} is not a valid URL.") from None

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._by_proxy.values():
            await pool.aclose()
        await self.connections.close()


def _proxy_for(origin: str) -> str:
    """Return the proxy for a server; empty if there is none. NO_PROXY decides as for botocore."""
    scheme, host = urlsplit(origin).scheme, urlsplit(origin).hostname or ""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"
