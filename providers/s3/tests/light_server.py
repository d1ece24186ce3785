"""A server that answers as AWS documents, for what no emulator does: regions, times, expiring keys, metadata."""

from __future__ import annotations

from functools import partial

from support import answering_server
from support.answering_server import Reply, certificate

__all__ = ["Reply", "Seen", "answering", "certificate", "error"]


class Seen(answering_server.Seen):
    """A request as it arrived, with its signature."""

    @property
    def access_key(self):
        return self.headers["authorization"].partition("Credential=")[2].partition("/")[0]

    @property
    def region(self):
        return self.headers["authorization"].partition("Credential=")[2].split("/")[2]


answering = partial(answering_server.answering, kind=Seen)


def error(status, code, headers=None, **details):
    more = "".join(f"<{name}>{value}</{name}>" for name, value in details.items())
    return Reply(status, f"<?xml version='1.0'?><Error><Code>{code}</Code>{more}</Error>".encode(), headers or {})
