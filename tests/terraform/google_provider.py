"""A program: a Terraform provider that knows the schema of Google's and can do nothing: ``google_provider.py SCHEMA``.

Enough for ``terraform validate``, and for ``terraform test`` with ``mock_provider``, which asks for nothing else.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tf import runner
from tf.gen import tfplugin_pb2
from tf.iface import Provider
from tf.schema import Attribute, Block, NestedBlock, Schema
from tf.types import String

MODES = tfplugin_pb2.Schema.NestedBlock.NestingMode


@dataclass(frozen=True)
class Raw(String):
    """A type as Terraform's protocol writes it."""

    json: object

    def tf_type(self) -> bytes:
        return json.dumps(self.json).encode()


class Described(Attribute):
    """An attribute; the library is older than write-only ones, whose names end with _wo."""

    def to_pb(self):
        made = super().to_pb()
        if self.name.endswith("_wo"):
            made.MergeFromString(b"\x58\x01")  # the protocol's field 11, write_only: true
        return made


class Nested(NestedBlock):
    """A block in a block; the library leaves lists out."""

    _mode_map = {"list": MODES.LIST, "set": MODES.SET, "struct": MODES.SINGLE}  # noqa: RUF012  as the library has it


def attributes(block):
    made = []
    for name, each in block["attributes"].items():
        computed, optional, required = each["flags"]
        kind = Raw(each["type"])
        made.append(Described(name, kind, computed=computed, optional=optional, required=required))
    return made


def blocks(block):
    return [
        Nested(name, each["nesting"], Block(attributes(each), blocks(each)), min_items=int(each["required"]))
        for name, each in block["blocks"].items()
    ]


class Known:
    """A resource with a schema, and with nothing to say about values."""

    def __init__(self, provider) -> None:
        pass

    def validate(self, diags, type_name, config): ...


def resource(name, block):
    schema = Schema(attributes=attributes(block), block_types=blocks(block))
    return type(name, (Known,), {"get_name": classmethod(lambda _: name), "get_schema": classmethod(lambda _: schema)})


class Google(Provider):
    """All that is asked of it is what it has."""

    def __init__(self, schemas) -> None:
        self._resources = [resource(name, block) for name, block in schemas.items()]

    def get_model_prefix(self):
        return ""

    def get_provider_schema(self, diags):
        names = ("project", "region")
        return Schema(attributes=[Attribute(name, String(), optional=True) for name in names])

    def full_name(self):
        return "hashicorp/google"

    def validate_config(self, diags, config): ...

    def configure_provider(self, diags, config): ...

    def get_data_sources(self):
        return []

    def get_resources(self):
        return self._resources


if __name__ == "__main__":
    runner.run_provider(Google(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), sys.argv[:1])
