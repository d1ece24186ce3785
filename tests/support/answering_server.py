"""A server that answers as a test says, for what no emulator of a cloud does: expiring tokens, wrong times, metadata.

It listens for plain HTTP and works as a proxy too. A CONNECT ends in TLS with its own certificate, so that tests reach
a cloud's own hosts as a bot does: through ``HTTPS_PROXY`` and a bundle of certificates.
"""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self):
        """The target without the host, which proxies are sent too."""
        return self.target.removeprefix("http://" + self.host)


@dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def setup(self):
        super().setup()
        self.server.handlers.append(self)

    def _answer(self):
        body = self._body(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = self.server.kind(
            self.command, headers["host"], self.requestline.split()[1], headers, body
        )  # its path lacks slashes
        self.server.seen.append(seen)
        reply = self.server.answer(seen)
        self.send_response_only(reply.status)
        for name, value in {"Date": self.date_time_string(), **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self._write(reply.body)

    def _body(self, left):
        body = bytearray()
        while left and (part := self.rfile.read1(min(left, 65536))):
            body += part
            left -= len(part)
            time.sleep(self.server.read_pause)
        return bytes(body)

    def _write(self, body):
        pause = self.server.write_pause
        for part in [body[at : at + 1] for at in range(len(body))] if pause else [body]:
            self.wfile.write(part)
            time.sleep(pause)

    do_GET = do_PUT = do_DELETE = do_POST = _answer  # noqa: N815  the names that http.server looks for

    def do_CONNECT(self):
        self.server.tunnels.append(self.path)
        self.send_response_only(200)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.setup_again()
        self.close_connection = False

    def setup_again(self):
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)

    def finish(self):
        super().finish()
        self.connection.close()

    def log_message(self, *_):
        pass


@contextmanager
def answering(answer: Callable[[Seen], Reply], context: ssl.SSLContext | None = None, kind: type[Seen] = Seen):
    """Run a server; ``answer`` decides. Its ``seen`` are the requests, its ``tunnels`` the hosts of CONNECTs.

    It waits ``read_pause`` seconds between two reads of a body, and ``write_pause`` between two bytes of an answer.
    """
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = False  # the end waits for them
        server.handle_error = lambda *_: None  # a client that goes away
        server.answer, server.kind, server.tls = answer, kind, context
        server.seen, server.tunnels, server.handlers = [], [], []
        server.read_pause = server.write_pause = 0.0
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            for handler in server.handlers:  # a kept connection would end with its timeout
                with suppress(OSError):
                    socket.socket.shutdown(handler.connection, socket.SHUT_RDWR)


def certificate(directory, *hosts):
    """Make a certificate for these hosts. Return the path of the bundle, and a server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    names = [x509.DNSName(host) for host in hosts] + [x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    return directory / "cert.pem", context
