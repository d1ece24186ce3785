"""The tables of inputs and outputs in terraform's READMEs: ``python tests/terraform/tables.py`` writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import hcl2

TREE = Path(__file__).parents[2] / "terraform"
MADE = "made by tests/terraform/tables.py"


def folders():
    """Return the modules and examples, which declare variables."""
    return sorted(path.parent.relative_to(TREE).as_posix() for path in TREE.glob("*/*/variables.tf"))


def with_tables(folder):
    """The README of a folder as it should be."""
    text = (TREE / folder / "README.md").read_text(encoding="utf-8")
    for kind, table in (("inputs", _inputs(folder)), ("outputs", _outputs(folder))):
        pattern = rf"(<!-- {kind}: {MADE} -->\n).*?(<!-- end -->)"
        text, found = re.subn(pattern, lambda match, rows=table: match[1] + rows + match[2], text, flags=re.DOTALL)
        if found != 1:
            raise ValueError(f"{folder}/README.md has {found} places for its {kind}, not one")
    return text


def _inputs(folder):
    rows = ["| input | type | default | meaning |", "|---|---|---|---|"]
    for name, block in _blocks(folder, "variable"):
        default = f"`{json.dumps(_plain(block['default']))}`" if "default" in block else "**needed**"
        rows.append(f"| `{name}` | `{_plain(block['type'])}` | {default} | {_plain(block['description'])} |")
    return "\n".join(rows) + "\n"


def _outputs(folder):
    rows = [f"| `{name}` | {_plain(block['description'])} |" for name, block in _blocks(folder, "output")]
    return "\n".join(["| output | meaning |", "|---|---|", *rows]) + "\n"


def _blocks(folder, kind):
    with (TREE / folder / f"{kind}s.tf").open(encoding="utf-8") as file:
        return [(_plain(name), block) for each in hcl2.load(file)[kind] for name, block in each.items()]


def _plain(value):
    """Return the plain value: the parser keeps quotes and wraps expressions."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.startswith('"') else re.sub(r"^\$\{(.*)\}$", r"\1", value)


if __name__ == "__main__":
    for each in folders():
        (TREE / each / "README.md").write_text(with_tables(each), encoding="utf-8")
