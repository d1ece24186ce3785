"""Connections that another thread can cut, because a trickling server never exceeds the timeout of a single read."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ptb_bucket_gcs._sdk.threads import current_call

if TYPE_CHECKING:
    from ptb_bucket_gcs._sdk.threads import Call

__all__ = ["CuttableAdapter"]


class _Cuttable:
    """A connection that registers with the call that uses it, and can be cut for that call alone."""

    sock: Any
    timeout: Any
    _wire: Any = None
    _call: Call | None = None

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # a method of the connection
        # Kept, because only the answer has the socket after "Connection: close".
        self._wire = self.sock
        self._allow_time()

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._call = current_call.get()
        if self._call is not None:
            self._call.uses(self)
        if self.sock is not None:
            self._allow_time()
        super().request(*args, **kwargs)  # type: ignore[misc]  # as above

    def _allow_time(self) -> None:
        """Allow the call's whole time for sending: urllib3 limits it to the timeout for connecting."""
        if (call := current_call.get()) is not None:
            self.timeout = call.seconds
            self.sock.settimeout(call.seconds)

    def cut(self, call: Call) -> None:
        """Wake the thread that waits for the connection, unless another call uses it by now."""
        if self._call is call:
            with suppress(OSError, TypeError):
                # Not SSLSocket.shutdown, which would break the thread that reads.
                socket.socket.shutdown(self._wire, socket.SHUT_RDWR)


class _Connection(_Cuttable, HTTPConnection):
    pass


class _SecureConnection(_Cuttable, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS: Final = {"http": _Pool, "https": _SecurePool}


class CuttableAdapter(HTTPAdapter):
    """The adapter of the client's session. It repeats nothing."""

    def send(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request, and register the answer with the call."""
        answer = super().send(*args, **kwargs)
        if (call := current_call.get()) is not None:
            call.answers.append(answer)
        return answer

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pools with cuttable connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Create the pools behind an HTTP proxy with cuttable connections."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
