"""Run terraform offline, on a copy of the tree, without the machine's own configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TREE = ROOT / "terraform"
TERRAFORM = shutil.which("terraform")
PLUGINS = "PTB_BUCKET_TERRAFORM_PLUGINS"
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG")


def missing() -> str:
    """Return the reason why terraform cannot plan for AWS here, empty if it can."""
    if TERRAFORM is None:
        return "terraform is not installed: modules and examples for AWS are neither planned nor applied"
    if not Path(os.environ.get(PLUGINS, "/nowhere")).is_dir():
        return f"{PLUGINS} names no mirror with hashicorp/aws: modules for AWS are neither planned nor applied"
    return ""


def folders(provider) -> list[str]:
    """Return the modules and examples that require a provider, such as ``hashicorp/aws``."""
    found = [path for path in TREE.glob("*/*/versions.tf") if f'"{provider}"' in path.read_text(encoding="utf-8")]
    return sorted(path.parent.relative_to(TREE).as_posix() for path in found)


class FailedError(Exception):
    """Terraform said no; the text is what it printed."""


@dataclass
class Terraform:
    """Terraform in one folder; calling it runs a command."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def copied(cls, folder, scratch, environment) -> Terraform:
        """Copy the whole tree, because examples use modules, and no run may leave files in the repository.

        The copy has the files of a fresh clone: those that git ignores are not in it.
        """
        for path in _in_a_clone():
            copy = scratch / "tree" / path.relative_to(TREE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        (scratch / "rc").write_text(_configuration(), encoding="utf-8")
        own = {"TF_CLI_CONFIG_FILE": str(scratch / "rc"), "TF_INPUT": "0", "TF_IN_AUTOMATION": "1"}
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return cls(scratch / "tree" / folder, {**passed_on, **environment, **own})

    def __call__(self, command, *arguments, variables=None, codes=(0,)):
        """Run a command, and return its output."""
        given = {f"TF_VAR_{name}": _text(value) for name, value in (variables or {}).items()}
        ran = subprocess.run(
            [TERRAFORM, command, *(() if command == "show" else ("-no-color",)), *arguments],
            cwd=self.folder, env={**self.environment, **given}, capture_output=True, text=True, check=False,
            timeout=580,
        )  # fmt: skip
        if ran.returncode not in codes:
            raise FailedError(ran.stdout + ran.stderr)
        return ran.stdout

    def planned(self, variables):
        """The plan as JSON; nothing is applied."""
        self("plan", "-out=planned", variables=variables)
        return json.loads(self("show", "-json", "planned"))

    def unchanged(self, variables):
        """Return True if a plan finds nothing to do; otherwise raise an error with the plan."""
        return self("plan", "-detailed-exitcode", variables=variables)

    def outputs(self):
        """The outputs by name."""
        return {name: value["value"] for name, value in json.loads(self("output", "-json")).items()}


def _in_a_clone():
    """Return the files below ``terraform/`` that a commit of this tree would have."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "."]
    ran = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=True)
    return [TREE / name for name in ran.stdout.split("\0") if name and (TREE / name).exists()]


def _text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _configuration() -> str:
    mirror = os.environ.get(PLUGINS, "")
    installation = f"filesystem_mirror {{ path = {json.dumps(mirror)} }}"
    return f"disable_checkpoint = true\nprovider_installation {{\n  {installation}\n}}\n"


def resource(plan, address):
    """Return the planned values of a resource."""
    changes = {change["address"]: change["change"]["after"] for change in plan["resource_changes"]}
    return changes[address]
