"""Connections that can be cut from another thread: a server that trickles never exceeds the timeout of one read."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ptb_bucket_gcs._threads import current_call

if TYPE_CHECKING:
    from ptb_bucket_gcs._threads import Call

__all__ = ["CuttableAdapter"]


class _Cuttable:
    """Tells the call that sends something over it, and can be cut for that call alone."""

    sock: Any
    timeout: Any
    _wire: Any = None
    _call: Call | None = None

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # of the connection that this is mixed into
        # Kept, because of an answer with "Connection: close" only the answer holds the socket.
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
        """Let sending take as long as the call may: urllib3 sends all of a body within the timeout for connecting."""
        if (call := current_call.get()) is not None:
            self.timeout = call.seconds
            self.sock.settimeout(call.seconds)

    def cut(self, call: Call) -> None:
        """Wake the thread that waits for it; it may be closed already, or serve another call."""
        if self._call is call:
            with suppress(OSError, TypeError):
                # Not an SSLSocket's own shutdown, which pulls the rug from under the thread that reads.
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
    """What the client's session sends through. It repeats nothing."""

    def send(self, *args: Any, **kwargs: Any) -> Any:
        """Send, and remember the answer."""
        answer = super().send(*args, **kwargs)
        if (call := current_call.get()) is not None:
            call.answers.append(answer)
        return answer

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools behind an HTTP proxy, of our connections."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
