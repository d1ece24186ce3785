"""The journey of a new user: an empty folder, the built wheels, and the commands of a page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from support import TESTS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = TESTS.parent
PASSED_ON = ("HOME", "LANG", "TMPDIR")
SHIM = '#!/bin/sh\ncase "$*" in *https://api.telegram.org/*) echo "$*" >> "$CALLS" ;; *) exec {real} "$@" ;; esac\n'


def blocks(page: str, language: str = "sh") -> list[str]:
    """Return the code blocks of a page, such as ``docs/tutorial/index.md``, in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


@dataclass
class Journey:
    """A folder in which commands run as in the terminal of somebody who has only installed what the page names.

    pip finds this repository's distributions in the built wheels, and no other version of them. curl does not reach
    Telegram: it notes the call.
    """

    folder: Path
    wheels: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.folder / "programs"
        programs.mkdir(parents=True)
        self.home = self.folder / "home"
        self.home.mkdir()
        self._calls = self.folder / "calls.txt"
        self.program("curl", SHIM.format(real=shutil.which("curl")))
        constraints = self.folder / "constraints.txt"
        names = (wheel.name.split("-") for wheel in self.wheels.glob("*.whl"))
        constraints.write_text("".join(f"{name}=={version}\n" for name, version, *_ in names), encoding="utf-8")
        passed_on = {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith("PIP_")}
        path = os.pathsep.join([str(programs), *os.environ["PATH"].split(os.pathsep)])
        links = " ".join(filter(None, (str(self.wheels), os.environ.get("PIP_FIND_LINKS"))))
        pip = {"PIP_CONSTRAINT": str(constraints), "PIP_FIND_LINKS": links, "PIP_QUIET": "2"}
        self.environment = passed_on | pip | {"PATH": path, "CALLS": str(self._calls)} | self.environment

    def program(self, name: str, text: str) -> None:
        """Put a program first in the path."""
        path = self.folder / "programs" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def link(self, name: str, target: str) -> None:
        """Give a program another name."""
        (self.folder / "programs" / name).symlink_to(target)

    def activate(self, name: str = "venv") -> None:
        """Make an environment for the commands that follow, as ``python3 -m venv`` does."""
        venv = self.folder / name
        subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
        self.environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{self.environment['PATH']}"

    def run(self, script: str, *, folder: str = ".", text: str = "", timeout: float = 900, **more: str) -> str:
        """Run a script as bash does, up to its first failing command, and return its output."""
        file = self.folder / "commands.sh"
        file.write_text(f"set -euo pipefail\n{script}", encoding="utf-8")
        done = subprocess.run(
            [shutil.which("bash"), file], cwd=self.home / folder, env=self.environment | more, input=text,
            capture_output=True, encoding="utf-8", timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    @property
    def calls(self) -> list[str]:
        """Return the arguments of each call of Telegram by curl."""
        return self._calls.read_text("utf-8").splitlines() if self._calls.exists() else []


def python312() -> str | None:
    """Return the path of a Python 3.12, which Lambda's functions run."""
    found = [shutil.which("python3.12"), *map(str, Path.home().glob(".pyenv/versions/3.12*/bin/python3.12"))]
    return next((path for path in found if path and _works(path)), None)


def _works(path: str) -> bool:
    done = subprocess.run([path, "-m", "pip", "--version"], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


def terraform_settings(folder: Path) -> Mapping[str, str]:
    """Return variables with which terraform finds the provider in the mirror, and this repository's modules here.

    The address of the repository leads to a clone of it that has the tag of this release.
    """
    clone = folder / "clone.git"
    git = shutil.which("git")
    from importlib.metadata import version  # noqa: PLC0415  only here

    subprocess.run([git, "clone", "--quiet", "--bare", ROOT, clone], check=True, timeout=120)
    subprocess.run([git, "-C", clone, "tag", "--force", f"v{version('ptb-bucket')}"], check=True, timeout=60)
    mirror = os.environ["PTB_BUCKET_TERRAFORM_PLUGINS"]
    rc = folder / "terraform.rc"
    rc.write_text(
        f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n'
    )
    redirect = {"GIT_CONFIG_KEY_0": f"url.{clone.as_uri()}.insteadOf", "GIT_CONFIG_COUNT": "1"}
    address = {"GIT_CONFIG_VALUE_0": "https://github.com/ptb-bucket/ptb-bucket.git"}
    return {"TF_CLI_CONFIG_FILE": str(rc), "GIT_ALLOW_PROTOCOL": "file:https", **redirect, **address}
