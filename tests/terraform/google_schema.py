"""The schema of the Google provider, without the provider: npm's ``@cdktf/provider-google`` has it in source maps.

Names, types, nesting, and what is required, optional or computed. Of computed objects only the name: their type is any.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "@cdktf/provider-google@16.12.1"  # made from google 6.50.0
RESOURCES = (
    *("storage_bucket", "storage_bucket_iam_member", "service_account", "secret_manager_secret"),
    *("secret_manager_secret_version", "secret_manager_secret_iam_member", "cloud_run_v2_service"),
    *("cloud_run_v2_service_iam_member", "cloud_scheduler_job"),
)
TYPES = {"boolean": "bool", "number": "number", "string": "string"}
_MAP = re.compile(r"sourceMappingURL=data:application/json;base64,(\S+)")
_CLASS = re.compile(r"^export class (\w+) extends ", re.MULTILINE)
_FUNCTION = re.compile(r"^export function (\w+)ToHclTerraform\(.*?^\}", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(
    r"(\w+): \{\s+value: (.*?),\s+isBlock: (true|false),\s+type: \"(\w+)\",\s+storageClassType: \"(\w+)\",\s+\}",
    re.DOTALL,
)
_FLAGS = re.compile(r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)")
_GETTER = r"public get \w+\(\) \{\s+return this\.get(String|Boolean|Number)Attribute\('%s'\)"


def extracted(library: Path) -> dict:
    """Schemas by resource: attributes and blocks, as plain JSON.

    Args:
        library: The package's ``lib`` folder.
    """
    return {f"google_{name}": _resource(library / name.replace("_", "-") / "index.js") for name in RESOURCES}


def _resource(file):
    source = json.loads(base64.b64decode(_MAP.search(file.read_text(encoding="utf-8"))[1]))["sourcesContent"][0]
    starts = [*_CLASS.finditer(source)]
    ends = [start.start() for start in starts[1:]] + [len(source)]
    classes = {start[1]: source[start.start() : end] for start, end in zip(starts, ends, strict=True)}
    functions = {found[1]: found[0] for found in _FUNCTION.finditer(source)}
    [own] = [text for text in classes.values() if "extends cdktf.TerraformResource" in text]
    return _block(own, own.partition("synthesizeHclAttributes")[2], classes, functions)


def _block(flagged, mapped, classes, functions):
    """Return one level of the schema, with flags from the class and types from the mapper."""
    flags = {name: [flag == "true" for flag in rest] for name, *rest in _FLAGS.findall(flagged)}
    block = {"attributes": {}, "blocks": {}}
    for name, value, is_block, kind, storage in _ENTRY.findall(mapped):
        if is_block == "true":
            inner = re.search(r"(\w+)ToHclTerraform", value)[1]
            text = classes[inner[0].upper() + inner[1:] + "OutputReference"]
            block["blocks"][name] = {"nesting": kind, **_block(text, functions[inner], classes, functions)}
        else:
            block["attributes"][name] = {"type": _type(kind, storage), "flags": flags[name]}
    for name, (computed, optional, _) in flags.items():
        if computed and not optional and name not in block["blocks"]:
            block["attributes"][name] = {"type": _computed(name, flagged), "flags": flags[name]}
    for name, nested in block["blocks"].items():
        nested["required"] = flags.get(name, [False] * 3)[2]
    return block


def _type(kind, storage):
    if kind == "simple":
        return TYPES[storage]
    return [kind, TYPES[re.sub(r"(List|Map|Set)$", "", storage)]]


def _computed(name, text):
    found = re.search(_GETTER % name, text)
    return TYPES[found[1].lower()] if found else "dynamic"
