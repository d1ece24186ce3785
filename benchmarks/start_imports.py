"""The CPU time of the modules that a start imports beyond those of PTB alone, by package.

    python benchmarks/start_imports.py [--runs 9] [--venv DIR | --python PATH]

Each module's own code counts, with reading it, and without the modules that it imports. Figures are the least of all
runs, which other load of the machine disturbs least. See ``cold_start.py`` for the environment to measure in.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from cold_start import lean, rounds, servers
from sdk.servers import without_accounts
from starting.processes import HERE, Starter

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "ptb tuned"
CONTESTANTS = ("file", "s3 light", "gs light", "gs google-cloud-storage")
TIMER = """
import json, sys, time
from importlib._bootstrap_external import SourceFileLoader
run, own, above = SourceFileLoader.exec_module, {}, [0.0]

def exec_module(self, module):
    began, before = time.process_time(), above[-1]
    above.append(0.0)
    try:
        run(self, module)
    finally:
        taken = time.process_time() - began
        own[module.__name__] = taken - above.pop()
        above[-1] += taken

SourceFileLoader.exec_module = exec_module
path, *sys.argv[1:] = sys.argv[1:]
sys.path.insert(0, path.rpartition("/")[0])
with open(path) as file:
    exec(compile(file.read(), path, "exec"), {"__name__": "__main__", "__file__": path})
print(json.dumps(own))
"""


def modules(starter: Starter, contestant: str, runs: int) -> dict[str, float]:
    """Return the least CPU seconds of each module."""
    settings, least = json.dumps(starter.settings), {}
    command = [starter.python, "-W", "ignore", "-c", TIMER, str(HERE / "child.py"), contestant, settings, "0"]
    for _ in range(runs):
        done = subprocess.run(command, env=starter.variables(), capture_output=True, text=True, check=True)  # noqa: S603
        for name, seconds in json.loads(done.stdout.splitlines()[-1]).items():
            least[name] = min(seconds, least.get(name, seconds))
    return least


def by_package(found: Mapping[str, float]) -> Counter[str]:
    """Return the sum of each top-level package; those of Python itself are one."""
    total: Counter[str] = Counter()
    for name, seconds in found.items():
        top = name.partition(".")[0]
        total["Python's own modules" if top in sys.stdlib_module_names else top] += seconds  # type: ignore[assignment]
    return total


def main() -> None:
    """Print a table for each contestant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=rounds, default=9)
    parser.add_argument("--venv", type=Path, help="measure in this environment; it is created if it does not exist")
    parser.add_argument("--python", default=sys.executable, help="measure with this interpreter")
    options = parser.parse_args()
    without_accounts()
    python = lean(options.venv) if options.venv else options.python
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as settings:
        starter = Starter(python, settings, Path(folder))
        starter.present([BASE, *CONTESTANTS])
        known = modules(starter, BASE, 1)
        for contestant in CONTESTANTS:
            found = modules(starter, contestant, options.runs)
            more = {name: seconds for name, seconds in found.items() if name not in known and "starting" not in name}
            print(f"\n{contestant}: {sum(more.values()) * 1000:.0f} ms in {len(more)} modules\n")
            for package, seconds in by_package(more).most_common():
                print(f"{seconds * 1000:6.1f} ms  {package}")


if __name__ == "__main__":
    main()
