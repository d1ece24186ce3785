"""Tests of who may import whom (DESIGN.md), read from the source and not from what happened to be loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.source_imports import CORE, ROOT, imports, reachable

PROVIDERS = ROOT / "providers"
SDKS = ("aioboto3", "aiobotocore", "boto3", "botocore", "google", "azure", "obstore", "ptb_bucket_s3", "ptb_bucket_gcs")
HELPERS = tuple(f"ptb_bucket.{name}" for name in ("_aio", "_dataclass", "_entry_points", "_lazy", "_wording"))
SEALING = "ptb_bucket.sealing"
OFFLINE = "ptb_bucket.offline_telegram"
HTTP = "ptb_bucket.stores.http"
WITHOUT_TELEGRAM = ("stores", "sealing", "state", "errors")


def wrong_in_core(part, found):
    """Say why a module in this part of the core (``stores``, ``state``, ...) must not import that; None if it may."""
    ours, beside_stores = (
        found.within("ptb_bucket"),
        found.within("ptb_bucket.stores", "ptb_bucket.errors", *HELPERS),
    )
    beneath_web = found.within("ptb_bucket.web", "ptb_bucket.tools", "ptb_bucket.state", "ptb_bucket.errors")
    on_top = found.within("ptb_bucket.cli", "ptb_bucket.testing")
    rules = {
        "the core sees no SDK and no provider": found.within(*SDKS)
        and not (
            part == "serverless" and found.within("google.auth")  # verifies the tokens of ticks
        ),
        f"{part} knows nothing of telegram": part in WITHOUT_TELEGRAM and found.within("telegram"),
        "codecs know no Application": part == "codecs" and found.within("telegram.ext") and not found.for_types,
        "stores know nothing of what is stored": part == "stores" and ours and not beside_stores,
        "sealing knows stores only": part == "sealing" and ours and not beside_stores and not found.within(SEALING),
        "only state knows a document": part != "state" and found.within("ptb_bucket.state.document"),
        "the page sees the tools, as the command line does": part == "web" and ours and not beneath_web,
        "cli and testing are on top": part not in {"cli", "serverless", "testing"} and on_top,
        "the offline Telegram stands alone": part == "offline_telegram" and ours and not found.within(OFFLINE),
        "only testing knows pytest": part != "testing" and found.within("pytest", "pytest_asyncio", "_pytest"),
    }
    return next((reason for reason, wrong in rules.items() if wrong), None)


def wrong_in_provider(part, found):
    """Say why a provider must not import that; its tests may use all that is public."""
    allowed = ["ptb_bucket"] if part == "tests" else ["ptb_bucket.stores", "ptb_bucket.errors"]
    if found.within("ptb_bucket") and (not found.within(*allowed) or not reachable(("providers",), found)):
        return "providers know ptb_bucket.stores and ptb_bucket.errors only"
    if part == "src" and found.within("telegram"):
        return "providers know nothing of telegram"
    return None


def broken(rule, files):
    """List the imports that break a rule; ``files`` are (part, path)."""
    return [
        f"{path.relative_to(ROOT)} imports {found.module}: {reason}"
        for part, path in files
        for found in imports(path.read_text(encoding="utf-8"))
        if (reason := rule(part, found))
    ]


def test_the_core_keeps_its_rules():
    files = [(path.relative_to(CORE).parts[0].removesuffix(".py"), path) for path in sorted(CORE.rglob("*.py"))]
    assert {"stores", "errors"} <= {part for part, _ in files}
    assert broken(wrong_in_core, files) == []


def wrong_about_http(path, found):
    """Say why a file of the core must not import that, because of the HTTP for light clients; None if it may."""
    inside = path.is_relative_to(CORE / "stores" / "http")
    ours = found.within("ptb_bucket")
    beneath = found.within(HTTP, "ptb_bucket.stores.tls", "ptb_bucket.errors", *HELPERS)
    if not inside and not found.for_types and found.within(HTTP, "httpcore"):
        return "HTTP is for light clients of providers: a start without one does not load it"
    return "HTTP knows nothing of stores" if inside and ours and not beneath else None


def test_only_providers_use_the_http_of_light_clients():
    found = [(path, one) for path in sorted(CORE.rglob("*.py")) for one in imports(path.read_text(encoding="utf-8"))]
    assert [f"{path} imports {one.module}: {why}" for path, one in found if (why := wrong_about_http(path, one))] == []


@pytest.mark.parametrize(
    ("file", "source", "right"),
    [
        ("stores/base.py", "from ptb_bucket.stores.http import Http", False),
        ("tools/x.py", "def f():\n    import httpcore", False),
        ("stores/http/x.py", "import httpcore\nfrom ptb_bucket._aio import within", True),
        ("stores/http/x.py", "from ptb_bucket.stores.base import Blob", False),
    ],
)
def test_the_rule_about_http_can_fail(file, source, right):
    assert any(wrong_about_http(CORE / file, found) for found in imports(source)) != right


def test_providers_keep_their_rules():
    files = [(path.relative_to(PROVIDERS).parts[1], path) for path in sorted(PROVIDERS.glob("*/*/**/*.py"))]
    assert broken(wrong_in_provider, files) == []


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("stores", "import telegram"),
        ("stores", "from telegram import Bot"),
        ("stores", "if TYPE_CHECKING:\n    import telegram.ext"),
        ("stores", "from ptb_bucket import codecs"),
        ("stores", "def f():\n    from ptb_bucket.codecs import JsonCodec"),
        ("stores", "import boto3"),
        ("sealing", "from ptb_bucket.state import Kind"),
        ("sealing", "import telegram"),
        ("stores", "from ptb_bucket.sealing import SealedStore"),
        ("state", "try:\n    import telegram.ext\nexcept ImportError: pass"),
        ("codecs", "from telegram.ext import Application"),
        ("codecs", "if TYPE_CHECKING:\n    pass\nelse:\n    import telegram.ext"),
        ("codecs", "from ptb_bucket.state.document import Document"),
        ("codecs", "from ptb_bucket.state.document.json_format import x"),
        ("persistence", "from ptb_bucket.state.document.header import Header"),
        ("persistence", "from google.cloud import storage"),
        ("persistence", "from google.auth import jwt"),
        ("serverless", "from google.cloud import storage"),
        ("persistence", "import pytest"),
        ("cli", "import ptb_bucket_s3"),
        ("web", "from ptb_bucket.codecs import JsonCodec"),
        ("web", "from ptb_bucket.stores import LocalStore"),
        ("application", "from ptb_bucket import testing"),
        ("offline_telegram", "from ptb_bucket.errors import StoreError"),
        ("offline_telegram", "if TYPE_CHECKING:\n    from ptb_bucket import BucketApplication"),
    ],
)
def test_the_core_rules_bite(part, source):
    assert any(wrong_in_core(part, found) for found in imports(source))


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("codecs", "import telegram"),
        ("codecs", "if TYPE_CHECKING:\n    from telegram.ext import Application"),
        ("state", "from ptb_bucket.state.document.document import x"),
        ("persistence", "from telegram.ext import BasePersistence"),
        ("stores", "from ptb_bucket.errors import StoreError\nimport telegrams"),
        ("testing", "import pytest"),
        ("serverless", "def f():\n    from google.auth import jwt"),
        ("offline_telegram", "import telegram\nfrom ptb_bucket.offline_telegram.json import JSON"),
        (
            "sealing",
            "from ptb_bucket.sealing.keys import Key\nfrom ptb_bucket.stores import Blob\nimport cryptography",
        ),
    ],
)
def test_the_core_rules_let_through_what_is_right(part, source):
    assert not any(wrong_in_core(part, found) for found in imports(source))


@pytest.mark.parametrize(
    ("part", "source", "right"),
    [
        ("src", "from ptb_bucket.stores import BlobStore\nfrom ptb_bucket.errors import StoreError", True),
        ("src", "import aioboto3", True),
        ("src", "import ptb_bucket", False),
        ("src", "from ptb_bucket import stores", True),
        ("src", "from ptb_bucket import BucketPersistence", False),
        ("src", "from ptb_bucket.stores.base import BlobStore", False),
        ("src", "from ptb_bucket.testing.conformance import Backend", False),
        ("src", "import telegram", False),
        ("tests", "from ptb_bucket.testing.conformance import Backend", True),
        ("tests", "from ptb_bucket.codecs.json.codec import x", False),
    ],
)
def test_the_provider_rules_bite(part, source, right):
    assert any(wrong_in_provider(part, found) for found in imports(source)) != right


def python(code):
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)


def test_importing_the_core_imports_no_pytest_and_no_provider():
    names = ("pytest", "_pytest", "ptb_bucket.testing", *SDKS)
    # google itself is a namespace that other packages may prepare at start-up.
    loaded = (
        f"[name for name in sys.modules if name in {names!r} and name != 'google' or name.startswith('google.cloud.')]"
    )
    result = python(
        f"import sys, ptb_bucket, ptb_bucket.stores; found = {loaded}; sys.exit(str(found) if found else 0)"
    )
    assert result.returncode == 0, result.stderr


def test_testing_imports_without_pytest():
    code = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(("pytest", "_pytest", "pytest_asyncio")))  # None: importing it fails
import ptb_bucket.testing as testing
for module in pkgutil.iter_modules(testing.__path__, testing.__name__ + "."):
    if module.name.rpartition(".")[2] not in {"conformance", "plugin"}:
        importlib.import_module(module.name)
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


def test_a_bot_starts_without_the_tools():
    result = python("import sys, ptb_bucket; sys.exit('ptb_bucket.tools' in sys.modules)")
    assert result.returncode == 0, result.stderr
    result = python("from ptb_bucket import *; edit_user_data, edit_chat_data, edit_bot_data")
    assert result.returncode == 0, result.stderr
