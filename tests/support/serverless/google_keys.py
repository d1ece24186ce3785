"""A local server of public keys, as Google has one, and tokens that are signed with its keys."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

if TYPE_CHECKING:
    from typing_extensions import Self

AUDIENCE, EMAIL = "ticks-of-my-bot", "ticker@my-project.iam.gserviceaccount.com"


class Signer:
    """A pair of keys, and tokens that are signed with it."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        self._signer = crypt.RSASigner.from_string(private, key_id)
        self.public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def token(self, **claims: Any) -> str:
        """Make the token of the right caller, but for these claims; None leaves one out."""
        now = int(time.time())
        right = {
            "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": EMAIL, "email_verified": True,
            "iat": now, "exp": now + 3600,
        }  # fmt: skip
        payload = {name: value for name, value in {**right, **claims}.items() if value is not None}
        return jwt.encode(self._signer, payload).decode()


class _Handler(BaseHTTPRequestHandler):
    server: GoogleKeysServer

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(self.server.status)
        self.send_header("Cache-Control", self.server.cache_control)
        self.end_headers()
        self.wfile.write(self.server.body or json.dumps(self.server.keys).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class GoogleKeysServer(ThreadingHTTPServer):
    """A server of public keys, until its context ends. It counts requests."""

    daemon_threads = True

    def __init__(self, *signers: Signer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys = {signer.key_id: signer.public.decode() for signer in signers}
        self.url = f"http://127.0.0.1:{self.server_address[1]}/certs"
        self.requests, self.status, self.body, self.cache_control = 0, 200, b"", "public, max-age=3600"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
