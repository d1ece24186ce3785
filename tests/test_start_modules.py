"""The modules that a start imports, listed in ``start_modules.json``: an addition is a decision.

Each module costs time at every cold start. If an addition is worth it, update the list with
``python tests/test_start_modules.py`` and commit it; otherwise import the module where it is first used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIST = HERE / "start_modules.json"
IMPORTING = """
import json, sys
import telegram.ext
before = set(sys.modules)
import ptb_bucket
print(json.dumps({"modules": sorted(set(sys.modules) - before)}))
"""


def run(*arguments):
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def listed(modules):
    """Return our modules, and the top-level packages of others. Those of the standard library differ by version."""
    tops = {name.partition(".")[0] for name in modules}
    others = tops - sys.stdlib_module_names - {"ptb_bucket", "__mp_main__"}
    return {
        "ptb_bucket": [name for name in modules if name.partition(".")[0] == "ptb_bucket"],
        "others": sorted(name for name in others if not name.startswith("_")),
    }


def first_webhooks(directory):
    """Return the modules of a start on an empty bucket, and of a start on a bucket with a state."""
    found = [run("-m", "support.serverless.first_webhook", f"file:{directory}/bot") for _ in range(2)]
    assert [each["status"] for each in found] == [200, 200]
    return [listed(each["modules"]) for each in found]


def loaded(directory):
    empty, again = first_webhooks(directory)
    return {"import ptb_bucket": listed(run("-c", IMPORTING)["modules"]), "first webhook": empty, "next start": again}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("start"))


@pytest.mark.parametrize("start", ["import ptb_bucket", "first webhook", "next start"])
@pytest.mark.parametrize("whose", ["ptb_bucket", "others"])
def test_a_start_imports_what_the_list_says(found, start, whose):
    expected, actual = set(json.loads(LIST.read_text())[start][whose]), set(found[start][whose])
    more, less = sorted(actual - expected), sorted(expected - actual)
    assert not more, f"{start} imports more. Import it where it is first used, or see the top of this file."
    assert not less, f"{start} imports less. Update the list: python {Path(__file__).name}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        LIST.write_text(json.dumps(loaded(place), indent=1) + "\n")
