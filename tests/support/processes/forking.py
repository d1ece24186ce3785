"""A process that has imported what programs need, and forks a new process for each program.

``python forking.py SOCKET MODULE...``; :mod:`support.processes.preloaded` is the other side.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from pathlib import Path


def import_exports() -> None:
    """Import everything that our packages export, because they import most of it when it is first used."""
    done: set[str] = set()
    while new := [name for name in sys.modules if name.partition(".")[0] == "ptb_bucket" and name not in done]:
        done.update(new)
        for name in new:
            for export in getattr(sys.modules[name], "__all__", ()):
                with contextlib.suppress(ImportError, Warning):  # an extra is not installed
                    getattr(sys.modules[name], export)


def orders(connection: socket.socket):
    """Receive orders, and fork a process for each. Return in that process, with its order, or with None at the end."""
    while True:
        order, streams, *_ = socket.recv_fds(connection, 1 << 20, 3)
        if not order:
            return None
        reading, writing = os.pipe()
        if (between := os.fork()) == 0:
            first_parent = os.getpid()
            if child := os.fork():
                os.write(writing, b"%d" % child)
                os._exit(0)  # so that the child's parent is the test's process, which waits for it
            for number in (connection.detach(), reading, writing):
                os.close(number)
            while os.getppid() == first_parent:
                time.sleep(0.0005)
            return json.loads(order), streams
        os.waitpid(between, 0)
        connection.send(os.read(reading, 20))
        for number in (reading, writing, *streams):
            os.close(number)


def _opened(number: int, like, mode: str):
    """Open a stream anew, because the one that Python opened at its start remembers whether it could seek."""
    return open(number, mode, encoding=like.encoding, errors=like.errors, closefd=False)


def become(order, streams) -> None:
    """Take the streams, the folder, the environment and the handling of SIGINT that the program would start with."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    sys.__stdin__ = sys.stdin = _opened(0, sys.stdin, "r")
    sys.__stdout__ = sys.stdout = _opened(1, sys.stdout, "w")
    sys.__stderr__ = sys.stderr = _opened(2, sys.stderr, "w")
    sys.stderr.reconfigure(line_buffering=True)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.SIG_IGN if order["ignores_sigint"] else signal.default_int_handler)


def run(program: str, *arguments: str) -> None:
    """Run a program as ``python PROGRAM ARGUMENT...`` does."""
    if program == "-m":
        sys.argv, sys.path[0] = list(arguments), str(Path.cwd())
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif program == "-c":
        sys.argv, sys.path[0] = ["-c", *arguments[1:]], ""
        exec(compile(arguments[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102  a test's own code
    else:
        sys.argv, sys.path[0] = [program, *arguments], str(Path(program).parent)
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    _connection = socket.socket(fileno=int(sys.argv[1]))
    for _name in sys.argv[2:]:
        # An older release lacks some; a program that needs one fails itself.
        with contextlib.suppress(ImportError, Warning):
            importlib.import_module(_name)
    import_exports()
    gc.collect()
    gc.freeze()  # otherwise the end of each program would look for garbage in all that was imported here
    if _found := orders(_connection):
        become(*_found)
        run(*_found[0]["program"])
