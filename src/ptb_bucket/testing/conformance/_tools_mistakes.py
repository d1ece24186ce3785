"""Every verb of ``ptb-bucket`` where there is no such bucket, or no server."""

from __future__ import annotations

import re
from contextlib import closing
from socket import socket
from typing import TYPE_CHECKING, Final

import pytest

from ptb_bucket.cli import main
from ptb_bucket.testing.conformance._case import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.testing.conformance._backend import Backend

__all__ = ["CALLS", "ToolMistakeConformance"]

CALLS: Final[Mapping[str, str]] = {
    "check": "{uri}",
    "show": "{uri}",
    "set": "{uri} user_data 42 premium true",
    "rm": "{uri} user_data 42",
    "end-conversation": "{uri} order 42 42",
    "history": "{uri}",
    "restore": "{uri} --at 1h",
    "rekey": "{uri}",
}
"""Verb → how it is called; a new verb comes with its line."""
_VERBS = [verb if verb == "show" else pytest.param(verb, marks=pytest.mark.long) for verb in CALLS]


class ToolMistakeConformance(Case):
    """One clear line and exit code 1, for places that are reached through a server."""

    @pytest.mark.parametrize("verb", _VERBS)
    def test_without_a_bucket(self, backend: Backend, capsys: pytest.CaptureFixture[str], verb: str) -> None:
        """A mistyped bucket is no empty one."""
        uri = re.sub("//[^/?]+", "//mistyped-bucket", backend.uri("my-bot"), count=1)
        assert "bucket" in _fails(capsys, verb, uri)

    @pytest.mark.parametrize("verb", _VERBS)
    def test_without_a_server(self, backend: Backend, capsys: pytest.CaptureFixture[str], verb: str) -> None:
        """Nobody listens there."""
        with closing(socket()) as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
        _fails(capsys, verb, backend.uri("my-bot", server=f"http://127.0.0.1:{port}", timeout=2))


def _fails(capsys: pytest.CaptureFixture[str], verb: str, uri: str) -> str:
    code = main([verb, *(argument.format(uri=uri) for argument in CALLS[verb].split(" "))])
    line = capsys.readouterr().err
    assert (code, line.count("\n")) == (1, 1), line
    assert line.startswith("ptb-bucket: ")
    return line
