"""Tests that a program that is forked from a preloaded process is what its command would start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import preloaded as module
from support.processes.child_processes import MAY_BE_PRELOADED, run
from support.processes.preloaded import preloaded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are forked on Linux only")
FACTS = """
    import json, os, sys
    print(json.dumps([sys.argv, os.getcwd(), os.environ.get("HERE"), os.getppid(), sys.stdin.read(),
                      sys.flags.dev_mode, "ptb_bucket" in sys.modules, __name__]))
    sys.stderr.write("told")
    sys.exit(7)
"""


@pytest.fixture(autouse=True, scope="module")
def _preloaded():
    with preloaded():
        yield


def test_it_has_its_arguments_its_surroundings_its_streams_and_its_exit_code(tmp_path):
    environment = {**os.environ, "HERE": "yes"}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = run(FACTS, "one", 2, cwd=tmp_path, env=environment, **pipes)
    out, err = process.communicate(b"given", timeout=60)
    assert (process.returncode, err) == (7, b"told")
    expected = [["-c", "one", "2"], str(tmp_path), "yes", os.getpid(), "given", False, True, "__main__"]
    assert json.loads(out) == expected


def test_flags_of_the_interpreter_are_kept():
    code = MAY_BE_PRELOADED + "import sys; sys.exit(3 if sys.flags.dev_mode and 'error' in sys.warnoptions else 4)"
    assert subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", code], check=False).returncode == 3


def test_it_is_killed_and_waited_for_as_a_child():
    process = run("import time; print(1, flush=True); time.sleep(60)", stdout=subprocess.PIPE)
    with process:
        assert process.stdout.readline() == b"1\n"
        process.kill()
        assert process.wait(30) == -signal.SIGKILL


def test_two_share_no_memory_and_draw_other_numbers():
    code = "import random, uuid; print(random.random(), uuid.uuid4())"
    outputs = [run(code, stdout=subprocess.PIPE).communicate(timeout=60)[0] for _ in range(2)]
    assert outputs[0] != outputs[1]


def test_other_programs_and_code_are_new_interpreters():
    code = "import sys; sys.exit('ptb_bucket' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert not module._is_ours(["-m", "mypy"], Path())
    assert not module._is_ours(["-c", code], Path())
