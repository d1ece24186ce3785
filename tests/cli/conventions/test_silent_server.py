"""Tests of every verb with a server that never answers: it says what it waits for, and SIGTERM leaves nothing."""

from __future__ import annotations

import re
import socket
import subprocess
import threading

import pytest

from support.processes.preloaded import preloading
from support.processes.verb_calls import CALLS, command, environment, short

programs_are_preloaded = preloading()

WITHOUT_A_SERVER = {"init", "keygen"}
OF_A_SERVER = {
    "copy": ["copy {uri} file:{new}", "copy file:{new}/../bot {uri}"],
    "import": ["import {memory} {uri} --bot-id 7"],
    "demo": ["demo --uri {uri}"],
}


@pytest.fixture
def silent():
    """The URI of a bucket on a server that accepts connections and never answers."""
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def accept():
            while True:
                try:
                    connections.append(server.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"s3://bucket/bot?region=eu-west-1&endpoint_url=http://127.0.0.1:{port}"
        server.shutdown(socket.SHUT_RDWR)
    for connection, _ in connections:
        connection.close()


WAITING = [
    line for verb in CALLS if verb not in WITHOUT_A_SERVER for line in OF_A_SERVER.get(verb, [f"{verb} {CALLS[verb]}"])
]


@pytest.mark.parametrize("line", short(WAITING))
def test_a_verb_says_what_it_waits_for_and_leaves_nothing_at_sigterm(folder, silent, line):
    """Supervisors send SIGTERM. A temporary file has the bot's data."""
    temporary = folder / "temporary"
    temporary.mkdir()
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "PTB_BUCKET_URI": silent}
    process = subprocess.Popen(
        command(line, folder, silent), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, env=environment(**keys, TMPDIR=str(temporary)),
    )  # fmt: skip
    with process, process.stderr as errors:
        said = ""
        for text in errors:
            said += text
            if "Waiting" in text:
                break
        process.terminate()
        said += errors.read()
    assert said.splitlines()[-1] == "ptb-bucket: Interrupted"
    assert process.returncode == 130
    assert list(temporary.iterdir()) == []
    assert re.search(r"^ptb-bucket: Waiting for a response: \w+ s3://bucket/bot\S* \(2 s.*\)\.$", said, re.MULTILINE)
