"""The server: uvicorn, without an access log, because addresses contain IDs and once a token."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import uvicorn

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.web.app import create_app
from ptb_bucket.web.security import Doorkeeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.tools import State
    from ptb_bucket.web.site import Settings

__all__ = ["listening_on", "serve"]


async def serve(  # noqa: PLR0913  settings, by keyword
    state: State, settings: Settings, *, host: str, port: int, password: str, announce: Callable[[str], None]
) -> None:
    """Serve the pages until the process is interrupted.

    Args:
        state: The bot's state, opened with ``keep_unknown``.
        settings: The options of the verb.
        host: The host to listen on.
        port: The port; 0 for a free one.
        password: The password; empty for a one-time token.
        announce: Shows the terminal the address to open.

    Raises:
        ConfigurationError: The server cannot listen there.
    """
    listening = listening_on(host, port)
    door = Doorkeeper(host, listening.getsockname()[1], password, announce)
    config = uvicorn.Config(
        create_app(state, settings, door), access_log=False, log_level=logging.ERROR, server_header=False,
        proxy_headers=False, timeout_graceful_shutdown=2, use_colors=False,
    )  # fmt: skip
    with listening:
        await _Server(config, door).serve([listening])


class _Server(uvicorn.Server):
    """A server that announces its address when Ctrl-C stops it in order, and not before.

    Args:
        config: Its settings.
        door: Knows the address.
    """

    def __init__(self, config: uvicorn.Config, door: Doorkeeper) -> None:
        super().__init__(config)
        self._door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce the address."""
        await super().startup(sockets)
        try:
            self._door.invite()
        except OSError:  # stdout is closed
            await self.shutdown(sockets)
            raise


def listening_on(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address. Raises ConfigurationError if it cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)  # so that the address works as soon as it is printed
    except OSError as error:
        raise ConfigurationError(
            f"The page cannot listen on {host}, port {port}: {error.strerror}. Choose others with --host and --port."
        ) from error
    return listening
