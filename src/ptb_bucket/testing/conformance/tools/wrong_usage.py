"""Tests of every command of ``ptb-bucket`` with a missing bucket or without a server."""

from __future__ import annotations

import json
import re
from contextlib import closing
from socket import socket
from typing import TYPE_CHECKING, Final

import pytest

from ptb_bucket.cli import main
from ptb_bucket.testing.conformance.store import Case
from ptb_bucket.testing.conformance.tools.base import without_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["CALLS", "ToolMistakeConformance", "call"]

CALLS: Final[Mapping[str, str]] = {
    "check": "{uri}",
    "verify": "{uri} --quick --quiet",
    "show": "{uri}",
    "web": "{uri} --port 0",
    "set": "{uri} user_data 42 premium true",
    "edit": "{uri} user_data 42",
    "rm": "{uri} user_data 42",
    "end-conversation": "{uri} order 42 42",
    "erase-user": "{uri} 42",
    "copy": "{uri} file:{new}",
    "broadcasts": "{uri}",
    "timers": "{uri}",
    "history": "{uri}",
    "explain": "{uri} user 42",
    "restore": "{uri} --at 1h",
    "rekey": "{uri}",
    "sweep": "{uri}",
    "import": "{memory} {uri}",
    "export": "{uri} {new}",
}
"""Command → its arguments. Add a line for each new command."""
_MEMORY: Final = {"user_data_json": json.dumps({"42": {"name": "Ada"}})}
_VERBS = [verb if verb in ("show", "verify") else pytest.param(verb, marks=pytest.mark.long) for verb in CALLS]


def call(verb: str, uri: str, folder: Path) -> list[str]:
    """The correct arguments of a command, apart from the URI.

    Args:
        verb: Which one.
        uri: Where the bot's memory lies.
        folder: For files that are read and written.
    """
    memory = folder / "memory.json"
    memory.write_text(json.dumps(_MEMORY), encoding="utf-8")
    words = CALLS[verb].split(" ")
    return [verb, *(word.format(uri=uri, memory=memory, new=folder / "new") for word in words)]


class ToolMistakeConformance(Case):
    """Tests of errors on places behind a server: one clear line and exit code 1."""

    @pytest.fixture
    def fails(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], str]:
        """Run a command that must fail, and return its line."""

        def run(verb: str, uri: str) -> str:
            code = main(call(verb, uri, tmp_path))
            lines = without_waits(capsys.readouterr().err)
            assert (code, len(lines)) == (1, 1), lines
            assert lines[0].startswith("ptb-bucket: ")
            return lines[0]

        return run

    @pytest.mark.parametrize("verb", _VERBS)
    def test_without_a_bucket(self, backend: Backend, fails: Callable[[str, str], str], verb: str) -> None:
        """A mistyped bucket does not count as an empty one."""
        uri = re.sub("//[^/?]+", "//mistyped-bucket", backend.uri("my-bot"), count=1)
        assert "bucket" in fails(verb, uri)

    @pytest.mark.parametrize("verb", _VERBS)
    def test_without_a_server(self, backend: Backend, fails: Callable[[str, str], str], verb: str) -> None:
        """Nothing listens at the address."""
        with closing(socket()) as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
        fails(verb, backend.uri("my-bot", server=f"http://127.0.0.1:{port}", timeout=2))

    @pytest.mark.long
    def test_a_server_that_hangs(self, backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
        """The command says what it is waiting for before it gives up."""
        with closing(socket()) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()  # connections are made, and nothing is ever answered
            server = f"http://127.0.0.1:{silent.getsockname()[1]}"
            assert main(["show", backend.uri("my-bot", server=server, timeout=4)]) == 1
        first, *_, last = capsys.readouterr().err.splitlines()
        assert first.startswith("ptb-bucket: Waiting for a response: listing ")
        assert not last.startswith("ptb-bucket: Waiting")
