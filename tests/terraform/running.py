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


class FailedError(Exception):
    """Terraform said no; the text is what it printed."""


@dataclass
class Terraform:
    """Terraform in one folder; calling it runs a command."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def copied(cls, folder, scratch, environment) -> Terraform:
        """Copy the whole tree, because examples use modules, and no run may leave files in the repository."""
        shutil.copytree(TREE, scratch / "tree", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.zip"))
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
