"""Start our programs as forks of a process that has imported their dependencies, because most of their time is imports.

Each program has its own process, with the streams, the environment and the flags of its command. Long runs, and systems
other than Linux, start interpreters instead.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from support.processes.child_processes import MAY_BE_PRELOADED

PROGRAMS = {
    "ptb_bucket.testing.instance",
    "ptb_bucket.testing.racers",
    "ptb_bucket.cli",
    "ptb_bucket.tools.verification.worker",
    "support.processes.sigterm_bot",
    "support.serverless.lambda_process",
    "pytest",
    "uvicorn",
}
SCRIPTS = {"bot.py", "child_processes.py", "programs.py"}
MODULES = (
    "ptb_bucket",
    "ptb_bucket.offline_telegram",
    "ptb_bucket.tools",
    "ptb_bucket.testing.faults",
    "ptb_bucket.cli",
)
"""What every program may need. A program's own module must be new to its process."""

_FORKING = Path(__file__).with_name("forking.py")
_SET_CHILD_SUBREAPER = 36
_ORDINARY = subprocess.Popen


class _Forking:
    """A process that forks, for one set of flags and of variables that an interpreter reads at its start."""

    def __init__(self, flags: list[str], environment: dict[str, str], modules: tuple[str, ...]) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, *flags, str(_FORKING), str(theirs.fileno()), *modules]
            self._process = _ORDINARY(command, env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self._alone = threading.Lock()

    def start(self, streams: list[int], **order: object) -> int:
        """Return the ID of a new child process of this one."""
        with self._alone, _adopting():
            socket.send_fds(self._connection, [json.dumps(order).encode()], streams)
            answer = self._connection.recv(20)
        assert answer, "the process that forks has ended"
        return int(answer)

    def end(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def _adopting():
    """Become the parent of orphaned processes below this one."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class _Starter:
    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules
        self._forking: dict[object, _Forking] = {}
        self._alone = threading.Lock()

    def forking(self, flags: list[str], environment: dict[str, str]) -> _Forking:
        key = (*flags, *sorted(item for item in environment.items() if item[0].startswith("PYTHON")))
        with self._alone:
            if key not in self._forking:
                self._forking[key] = _Forking(flags, environment, self._modules)
            return self._forking[key]

    def end(self) -> None:
        for each in self._forking.values():
            each.end()


def _split(command: list[str]) -> tuple[list[str], list[str]]:
    """Return the flags of the interpreter, and the program with its arguments."""
    at = 1
    while at < len(command) and command[at] in {"-X", "-W"}:
        at += 2
    return command[1:at], command[at:]


def _is_ours(program: list[str], folder: Path) -> bool:
    if program[:1] == ["-m"]:
        return program[1] in PROGRAMS
    if program[:1] == ["-c"]:
        return program[1].startswith(MAY_BE_PRELOADED)
    return bool(program) and (Path(program[0]).name in SCRIPTS or _is_marked(folder / program[0]))


def _is_marked(script: Path) -> bool:
    return script.is_file() and script.read_bytes().startswith(MAY_BE_PRELOADED.encode())


_PLAIN = {"preexec_fn": None, "pass_fds": (), "shell": False, "start_new_session": False, "uid": None, "gid": None}


def popen_class(starter: _Starter) -> type[subprocess.Popen]:
    """Make the class that forks instead of starting an interpreter."""

    class Preloaded(_ORDINARY):
        def _execute_child(self, *arguments):
            given = inspect.signature(super()._execute_child).bind(*arguments).arguments
            command = given["args"] if isinstance(given["args"], str) else [os.fspath(one) for one in given["args"]]
            flags, program = _split(command)
            plain = all(not given[name] or given[name] == value for name, value in _PLAIN.items())
            folder = Path(given["cwd"] or ".").resolve()
            if command[0] != sys.executable or not plain or not _is_ours(program, folder):
                super()._execute_child(*arguments)
                return
            environment = dict(os.environ if given["env"] is None else given["env"])
            pipes = [given[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")]
            self.pid = starter.forking(flags, environment).start(
                [own if own != -1 else number for number, own in enumerate((pipes[0], pipes[3], pipes[5]))],
                program=program,
                environment=environment,
                folder=str(folder),
                ignores_sigint=signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
            )
            self._child_created = True
            self._close_pipe_fds(*pipes)

    return Preloaded


@contextlib.contextmanager
def preloaded(*modules: str):
    """Start our programs from processes that have imported these modules, too."""
    if sys.platform != "linux":
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", popen_class(_starter(*MODULES, *modules)))
        yield


@contextlib.contextmanager
def new_interpreters():
    """Start interpreters in spite of :func:`preloaded`, for tests of what an interpreter does at its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", _ORDINARY)
        yield


def preloading(*modules: str):
    """Return a fixture for a conftest or a test module: its programs are preloaded, except in long runs.

    Args:
        modules: What the programs import beside :data:`MODULES`.
    """

    @pytest.fixture(scope="module", autouse=True)
    def programs_are_preloaded(long):
        with contextlib.nullcontext() if long else preloaded(*modules):
            yield

    return programs_are_preloaded


@functools.cache
def _starter(*modules: str) -> _Starter:
    """Keep what starts programs until the tests end, for all test modules that need the same."""
    starter = _Starter(modules)
    atexit.register(starter.end)
    return starter
