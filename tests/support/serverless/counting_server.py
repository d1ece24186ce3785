"""An HTTP server that plays the Bot API, and a relay before another server; both count connections and requests."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

BOT = {"id": 123456, "is_bot": True, "first_name": "Pip", "username": "pip_bot"}
MESSAGE = {"message_id": 1, "date": 1735732800, "chat": {"id": 42, "type": "private", "first_name": "Ada"}}


class _BotApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BotApi

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        method = self.path.rpartition("/")[2]
        self.server.methods.append(method)
        body = json.dumps({"ok": True, "result": BOT if method == "getMe" else MESSAGE}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class BotApi(ThreadingHTTPServer):
    """A server that answers getMe, and every other method with a message, until its context ends."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _BotApi)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.connections = 0
        self.methods: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Relay:
    """A relay that passes bytes on to a server, each connection over one of its own, until its context ends."""

    def __init__(self, port: int, own: int = 0) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", own))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections = 0
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on."""
        with contextlib.suppress(OSError):  # it was closed before
            self._listening.shutdown(socket.SHUT_RDWR)  # ends the accept() that waits
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return  # closed
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            for source, sink, note in ((client, server, self._note), (server, client, None)):
                threading.Thread(target=_pump, args=(source, sink, note), daemon=True).start()

    def _note(self, data: bytes) -> None:
        line = data.partition(b"\r\n")[0]
        if line.endswith(b"HTTP/1.1"):
            self.requests.append(line.decode().rpartition(" ")[0].partition("?")[0])


def _pump(source: socket.socket, sink: socket.socket, note: Any) -> None:
    while True:
        try:
            data = source.recv(65536)
            if note:
                note(data)
            sink.sendall(data)
        except OSError:
            data = b""
        if not data:
            for one in (source, sink):
                one.close()
            return
