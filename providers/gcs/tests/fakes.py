"""A server of a few lines that answers as told: what fake-gcs-server cannot be made to do."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeGoogle(ThreadingHTTPServer):
    """Answers each request with what ``answer(method, path, headers)`` returns: status, headers, body."""

    daemon_threads = True
    block_on_close = False
    read_pause = 0.0
    """Seconds to wait between two reads of a request's body."""
    write_pause = 0.0
    """Seconds to wait between two bytes of an answer's body, if not 0."""

    def __init__(self, answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address) -> None:
        """Clients that leave are what is tested."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_anything(self) -> None:
        left, body = int(self.headers.get("Content-Length") or 0), bytearray()
        while left:
            body += (part := self.rfile.read1(min(left, 65536)))
            left -= len(part)
            time.sleep(self.server.read_pause)
        self.server.bodies.append(bytes(body))
        self.server.seen.append((self.command, self.path))
        status, headers, body = self.server.answer(self.command, self.path, self.headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        pause = self.server.write_pause
        for part in [body[at : at + 1] for at in range(len(body))] if pause else [body]:
            self.wfile.write(part)
            time.sleep(pause)

    do_GET = do_POST = do_DELETE = do_anything  # noqa: N815  http.server's names

    def log_message(self, *args) -> None:
        """Nothing is worth a line."""


@contextmanager
def answering(answer):
    """Run a fake that answers so."""
    server = FakeGoogle(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
