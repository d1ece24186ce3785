"""Fresh processes of the contestants, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CERTIFICATES", "PHASES", "Run", "Starter", "measure"]

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
SOURCES: Final = (ROOT / "src", *sorted(ROOT.glob("providers/*/src")))
PHASES: Final = ("interpreter", "imports", "build", "connect and load", "first webhook")
PATIENCE: Final = 60
CERTIFICATES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that change how long certificates take to load. No platform sets them."""
FILES: Final = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
"""Variables that name files with settings. Functions have no such files, neither there nor in the home directory."""


@dataclass(frozen=True)
class Run:
    """One start of a process: seconds and CPU seconds of each phase, and its largest memory in bytes."""

    wall: dict[str, float]
    cpu: dict[str, float]
    memory: int

    @classmethod
    def of(cls, found: dict[str, Any]) -> Run:
        """Read what the process printed."""
        wall, cpu, last = {}, {}, (found["begin"], 0.0)
        for phase, now, busy in found["marks"]:
            wall[phase], cpu[phase] = now - last[0], busy - last[1]
            last = now, busy
        return cls(wall, cpu, found["memory"])


@dataclass
class Starter:
    """Starts contestants.

    Args:
        python: The interpreter.
        settings: The addresses of servers and states.
        folder: A folder for compiled modules.
    """

    python: str
    settings: dict[str, str]
    folder: Path
    missing: dict[str, str] = field(default_factory=dict)

    def start(self, contestant: str, **environment: str) -> dict[str, Any]:
        """Run a process, and return what it printed."""
        command = [self.python, "-W", "ignore", str(HERE / "child.py"), contestant, json.dumps(self.settings)]
        done = subprocess.run(  # noqa: S603
            [*command, repr(time.monotonic())],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env=self.variables(**environment),
        )
        if done.returncode:
            raise SystemExit(f"{contestant} failed:\n{done.stderr}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def variables(self, **more: str) -> dict[str, str]:
        """Return the environment of a process."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        for name in (*CERTIFICATES, *FILES):
            own.pop(name, None)
        return {**own, "HOME": str(self.folder), "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), **more}

    def present(self, contestants: Sequence[str]) -> list[str]:
        """Start each contestant twice, so that modules are compiled and a state exists; return those that are there.

        The others are in ``missing`` with the reason.
        """
        files: set[str] = set()
        for name in contestants:
            found = self.start(name)
            if "missing" in found:
                self.missing[name] = found["missing"]
            else:
                files.update(self.start(name)["files"])
        self._compile_standard_library(files)
        return [name for name in contestants if name not in self.missing]

    def _compile_standard_library(self, files: set[str]) -> None:
        """Compile the standard library into a cache that has nothing else: a platform's Python has that, too."""
        ask = "import sysconfig; print(sysconfig.get_path('stdlib'))"
        library = subprocess.run([self.python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
        those = [name for name in files if name.startswith(library) and "site-packages" not in name]
        text = "\n".join(name for name in those if name.endswith(".py"))
        command, env = [self.python, "-m", "py_compile", "-"], {**os.environ, **self._cache()}
        subprocess.run(command, input=text, text=True, check=True, env=env)  # noqa: S603

    def _cache(self) -> dict[str, str]:
        return {"PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}

    def environment(self, *, compiled: bool) -> dict[str, str]:
        """Return the environment in which modules are compiled, or in which only the standard library is."""
        return {"PYTHONDONTWRITEBYTECODE": "1", **({} if compiled else self._cache())}


def measure(
    starter: Starter, contestants: Sequence[str], rounds: int, *, compiled: bool, progress: Callable[[str], None]
) -> dict[str, list[Run]]:
    """Start all contestants in each round, each round from another one on."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    environment = starter.environment(compiled=compiled)
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}, {'compiled' if compiled else 'not compiled'}")
        first = number % len(contestants)
        for name in [*contestants[first:], *contestants[:first]]:
            runs[name].append(Run.of(starter.start(name, **environment)))
    return runs
