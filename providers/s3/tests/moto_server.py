"""A program: moto's server, honest about conditions and able to take every key: ``moto_server.py PORT [PECULIARITY]``.

Peculiarities of other servers: ``bare`` takes ETags in If-Match without quotes only, as Ceph does; ``deaf`` does not
hear If-None-Match when it is read; ``careless`` ignores the conditions of deletes, as Ceph does.
"""

from __future__ import annotations

import sys
import threading

from moto.moto_server.utilities import RegexConverter
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class OneAtATime:
    """moto checks a condition and writes without a lock in between; so the requests queue up here."""

    def __init__(self, *peculiar) -> None:
        self._peculiar = peculiar
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ, start_response):
        if "bare" in self._peculiar and environ.get("HTTP_IF_MATCH", "").startswith('"'):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("412 Precondition Failed", [("Content-Length", "0")])
            return [b""]
        if "deaf" in self._peculiar and environ["REQUEST_METHOD"] == "GET":
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if "careless" in self._peculiar and environ["REQUEST_METHOD"] == "DELETE":
            environ.pop("HTTP_IF_MATCH", None)

        def start(status, headers, *rest):
            # The server adds its own; a strict client refuses two.
            return start_response(status, [pair for pair in headers if pair[0].lower() != "server"], *rest)

        with self._lock:
            return list(self._app(environ, start))


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def take_newlines(convert):
    """moto's routes end at a newline; keys may have one."""

    def wrapped(self, url_map, *items):
        convert(self, url_map, *items)
        self.regex = f"(?s:{self.regex})"

    return wrapped


if __name__ == "__main__":
    RegexConverter.__init__ = take_newlines(RegexConverter.__init__)
    _, port, *peculiar = sys.argv
    make_server("127.0.0.1", int(port), OneAtATime(*peculiar), threaded=True, request_handler=Quiet).serve_forever()
