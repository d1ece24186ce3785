"""The names of google 7's arguments, without the provider: PyPI's ``pulumi-gcp`` 9 is generated from it.

Names, nesting, and what is required; no types. A list has its name in the plural.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import hcl2

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "pulumi-gcp==9.*"
CLASSES = {
    "google_cloud_run_v2_service": ("cloudrunv2", "service", "Service"),
    "google_cloud_run_v2_service_iam_member": ("cloudrunv2", "service_iam_member", "ServiceIamMember"),
    "google_cloud_scheduler_job": ("cloudscheduler", "job", "Job"),
    "google_secret_manager_secret": ("secretmanager", "secret", "Secret"),
    "google_secret_manager_secret_iam_member": ("secretmanager", "secret_iam_member", "SecretIamMember"),
    "google_secret_manager_secret_version": ("secretmanager", "secret_version", "SecretVersion"),
    "google_service_account": ("serviceaccount", "account", "Account"),
    "google_storage_bucket": ("storage", "bucket", "Bucket"),
    "google_storage_bucket_iam_member": ("storage", "bucket_iam_member", "BucketIAMMember"),
}
META = {"count", "for_each", "depends_on", "lifecycle", "provider", "__is_block__", "__comments__"}
_READ = re.compile(r"\b(google_\w+)\.\w+(?:\[[^]]*\])?\.(\w+)")


class Names:
    """The arguments of the classes in an unpacked package."""

    def __init__(self, package: Path) -> None:
        self._package = package
        self._trees: dict[Path, dict[str, ast.ClassDef]] = {}

    def complaints(self, resource: str, used: dict) -> list[str]:
        """Return what a resource, as the configuration has it, names that the package does not."""
        folder, module, name = CLASSES[resource]
        found = self._classes(self._package / folder / f"{module}.py")[f"{name}Args"]
        return [f"{resource}.{each}" for each in self._block(folder, found, used)]

    def attributes(self, resource: str) -> set[str]:
        """Return the names that can be read from a resource."""
        folder, module, name = CLASSES[resource]
        return {"id", *_arguments(self._classes(self._package / folder / f"{module}.py")[f"_{name}State"])}

    def _classes(self, path):
        if path not in self._trees:
            body = ast.parse(path.read_text(encoding="utf-8")).body
            self._trees[path] = {each.name: each for each in body if isinstance(each, ast.ClassDef)}
        return self._trees[path]

    def _block(self, folder, declared, used):
        arguments, given = _arguments(declared), set()
        for name, blocks in _expanded(used):
            known = name if name in arguments else f"{name}s"
            given.add(known)
            if known not in arguments:
                yield f"{name} is unknown"
            elif blocks:
                inner = self._classes(self._package / folder / "_inputs.py")[arguments[known][1]]
                yield from (f"{name}.{each}" for block in blocks for each in self._block(folder, inner, block))
        yield from (f"{name} is missing" for name, (required, _) in arguments.items() if required and name not in given)


def _arguments(declared):
    """Return the arguments of a class by name: required or not, and the class of a nested block."""
    [made] = [each for each in declared.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    pairs = zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True)
    return {each.arg: (default is None, _nested(each.annotation)) for each, default in pairs}


def _nested(annotation):
    texts = [each.value for each in ast.walk(annotation) if isinstance(each, ast.Constant)]
    return next((text for text in texts if isinstance(text, str) and text.endswith("Args")), None)


def _expanded(block):
    """Yield the arguments and blocks of a block, the content of dynamic ones included."""
    for name, value in block.items():
        if name == "dynamic":
            for each in value:
                for inner, generated in each.items():
                    yield inner.strip('"'), generated["content"]
        elif name not in META:
            is_block = isinstance(value, list) and value and isinstance(value[0], dict) and "__is_block__" in value[0]
            yield name, value if is_block else []


def resources_in(folder: Path) -> list[tuple[str, dict]]:
    """Return the resources in a folder's configuration, with their kinds."""
    found = [each for path in folder.glob("*.tf") for each in hcl2.loads(path.read_text("utf-8")).get("resource", ())]
    return [(kind.strip('"'), body) for each in found for kind, named in each.items() for body in named.values()]


def reads_in(folder: Path) -> set[tuple[str, str]]:
    """Return the attributes of resources that a folder's configuration reads."""
    return {pair for path in folder.glob("*.tf") for pair in _READ.findall(path.read_text(encoding="utf-8"))}
