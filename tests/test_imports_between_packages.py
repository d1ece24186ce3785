"""Tests of imports within the core: packages talk through their ``__init__``, in no cycle, and by no computed name."""

from __future__ import annotations

import ast

import pytest

from support.source_imports import CORE, ROOT, SOURCE, imports, module_of, reachable


def past_an_init(path):
    """List what a file of the core imports from inside another package, instead of from its ``__init__``."""
    package = path.relative_to(SOURCE).parts[:-1]
    return [
        f"{path.relative_to(ROOT)} imports {found.module}: packages talk through their __init__"
        for found in imports(path.read_text(encoding="utf-8"))
        if not reachable(package, found)
    ]


def test_packages_talk_through_their_init():
    assert [wrong for path in sorted(CORE.rglob("*.py")) for wrong in past_an_init(path)] == []


@pytest.mark.parametrize(
    ("package", "source", "right"),
    [
        ("ptb_bucket.state.commit", "from ptb_bucket.state.commit.ledger import Ledger", True),
        ("ptb_bucket.state.commit", "from ptb_bucket.state.records import Record", True),
        ("ptb_bucket.state.commit", "from ptb_bucket.state.merge import RecordMerger", True),
        ("ptb_bucket.state.commit", "from ptb_bucket.errors import StoreError", True),
        ("ptb_bucket.state.commit", "from ptb_bucket.state.merge.records import RecordMerger", False),
        ("ptb_bucket.state.commit", "from ptb_bucket.state.merge import records", False),
        ("ptb_bucket.cli.verbs", "import ptb_bucket.tools.state", False),
        ("ptb_bucket.tools", "if TYPE_CHECKING:\n    from ptb_bucket.state.records import Record", False),
        ("ptb_bucket.tools", "import os", True),
    ],
)
def test_the_rule_about_packages_can_fail(package, source, right):
    assert all(reachable(package.split("."), found) for found in imports(source)) == right


def graph_of(sources):
    """Return which modules each module imports, for types too; ``sources`` are file contents by dotted name."""
    found = {name: {".".join(module_of(one.module)) for one in imports(source)} for name, source in sources.items()}
    return {name: (targets & sources.keys()) - {name} for name, targets in found.items()}


def in_cycles(graph):
    """Return the modules that import themselves through others."""

    def reached(start):
        seen, waiting = set(), list(graph[start])
        while waiting:
            if (name := waiting.pop()) not in seen:
                seen.add(name)
                waiting += graph[name]
        return seen

    return sorted(name for name in graph if name in reached(name))


def test_no_module_imports_itself_through_others():
    modules = {path.relative_to(SOURCE).with_suffix("").parts: path for path in CORE.rglob("*.py")}
    sources = {".".join(parts).removesuffix(".__init__"): path.read_text("utf-8") for parts, path in modules.items()}
    assert in_cycles(graph_of(sources)) == []


def test_the_rule_about_cycles_can_fail():
    one = "if TYPE_CHECKING:\n    from ptb_bucket.stores.uri import StoreUri"
    other = "def f():\n    from ptb_bucket.stores.keys import check_key"
    sources = {"ptb_bucket.stores.keys": one, "ptb_bucket.stores.uri": other, "ptb_bucket.stores.base": other}
    assert in_cycles(graph_of(sources)) == ["ptb_bucket.stores.keys", "ptb_bucket.stores.uri"]


COMPUTED = {
    "_dataclass.py": "the fields of our own classes",
    "_entry_points.py": "entry points of installed distributions",
    "_lazy.py": "names of our own packages",
    "cli/command_group.py": "our own verbs",
    "cli/options.py": "--types and --app of the command line",
    "codecs/registry.py": "our own codecs",
    "codecs/types/families/other_libraries.py": "one of two constants",
}
"""The files that import or run what they compute, and where it comes from: never from a bucket."""


def computed_imports(source):
    """Return the lines that import a module by a name that is no constant."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = ("import_module", "__import__", "find_loader", "exec", "eval")
    found = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] in names]
    return [call.lineno for call in found if not (call.args and isinstance(call.args[0], ast.Constant))]


def test_no_module_is_imported_by_a_name_from_a_bucket():
    found = {path: computed_imports(path.read_text(encoding="utf-8")) for path in sorted(CORE.rglob("*.py"))}
    files = {path.relative_to(CORE).as_posix() for path, lines in found.items() if lines}
    assert {name for name in files if not name.startswith("testing/")} == COMPUTED.keys()


@pytest.mark.parametrize(
    ("source", "lines"),
    [("import_module(timer.callback)", [1]), ("importlib.import_module(name)", [1]), ("__import__(f'{x}')", [1]),
     ("import_module('google')", []), ("eval(text)", [1])],
)  # fmt: skip
def test_the_rule_about_computed_imports_can_fail(source, lines):
    assert computed_imports(source) == lines
