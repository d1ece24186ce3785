"""A Telegram that answers over HTTP, in a process of its own. It prints its port."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ME = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
SENT = {"message_id": 7, "date": 1, "chat": {"id": 42, "type": "private"}, "text": "hi"}


class Telegram(BaseHTTPRequestHandler):
    """Answers getMe, and every other method as sendMessage."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a request."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"ok": True, "result": ME if self.path.endswith("/getMe") else SENT}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Telegram)
    print(server.server_port, flush=True)
    server.serve_forever()
