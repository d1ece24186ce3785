"""Tests of ``ptb-bucket init``: what it writes is formatted, typed and tested, and it replaces nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.starter import TARGETS
from ptb_bucket.stores import registry
from support.processes.bots import run_python
from support.processes.preloaded import preloading

programs_are_preloaded = preloading("telegram.ext", "pytest")

URIS = {"polling": None, "lambda": "s3://my-bucket/my-bot", "cloud-run": "gs://my-bucket/my-bot"}
TEMPLATES = Path(__file__).parents[2] / "src" / "ptb_bucket" / "starter" / "templates"


@pytest.fixture(params=TARGETS)
def project(request, tmp_path):
    folder = tmp_path / "my-bot"
    assert main(["init", str(folder), "--target", request.param, "--quiet"]) == 0
    return folder


TYPES = str(Path(tempfile.gettempdir()) / f"ptb-bucket-mypy-{os.getuid()}")
"""A folder in which mypy keeps what it knows of PTB for the next project, and for the next run."""


@pytest.mark.parametrize("tool", ["ruff check --no-cache", "ruff format --check --no-cache", "mypy", "pytest -q"])
def test_what_it_writes_passes(project, tool):
    with FileLock(f"{TYPES}.lock") if tool == "mypy" else nullcontext():
        done = run_python("-m", *tool.split(), ".", cwd=project, MYPY_CACHE_DIR=TYPES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tool != "pytest -q" or "3 passed" in done.stdout


def test_its_tests_can_fail(tmp_path):
    """All targets have the same bot and the same tests of it."""
    assert main(["init", str(tmp_path), "--quiet"]) == 0
    bot = tmp_path / "bot.py"
    bot.write_text(bot.read_text("utf-8").replace("bot_data.people += 1", "bot_data.people = 1"), "utf-8")
    done = run_python("-m", "pytest", "-q", ".", cwd=tmp_path)
    assert "1 failed, 2 passed" in done.stdout


def test_no_placeholder_is_left(project):
    for path in project.rglob("*"):
        assert path.is_dir() or "{{" not in path.read_text("utf-8"), path


def test_the_shell_script_can_be_run_and_has_no_mistake(project):
    for script in project.glob("*.sh"):
        assert os.access(script, os.X_OK)
        assert subprocess.run([shutil.which("bash"), "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("target", TARGETS)
def test_existing_files_are_not_replaced(tmp_path, capsys, target):
    (tmp_path / "bot.py").write_text("mine")
    (tmp_path / "README.md").symlink_to("nowhere")
    assert main(["init", str(tmp_path), "--target", target]) == 4
    error = capsys.readouterr().err
    assert "already contains README.md, bot.py. Nothing was written." in error
    assert (tmp_path / "bot.py").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "bot.py"]


def test_other_files_do_not_matter(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["init", str(tmp_path), "-q"]) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_dry_run_lists_what_would_be_written(tmp_path, capsys):
    folder = tmp_path / "my-bot"
    assert main(["init", str(folder), "--dry-run", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert not folder.exists()
    assert main(["init", str(folder), "-q"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(facts["files"])


def test_it_says_what_to_do_next(tmp_path, capsys):
    assert main(["init", str(tmp_path / "my bot")]) == 0
    out, err = capsys.readouterr()
    assert f"cd '{tmp_path}/my bot'" in err
    assert "python bot.py --offline" in err
    assert len(out.splitlines()) == len(list((tmp_path / "my bot").iterdir()))


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("lambda", "gs://my-bucket/my-bot"), ("lambda", "s3://my-bucket"), ("lambda", "file:./x"),
        ("cloud-run", "s3://my-bucket/my-bot"), ("lambda", "s3://my-bucket/my-bot?region=eu-west-1"),
        ("polling", "my-bucket"), ("lambda", "s3://my-bucket/{bot_id}"), ("lambda", 's3://my-bucket/a"b'),
        ("cloud-run", "gs://my-bucket/${path.cwd}"),
    ],
)  # fmt: skip
def test_a_uri_that_the_target_cannot_use_is_refused(tmp_path, capsys, target, uri):
    assert main(["init", str(tmp_path / "my-bot"), "--target", target, "--uri", uri]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "my-bot").exists()


@pytest.mark.parametrize(
    "uri",
    [
        "", "azure://mine/bot", "s3://mine/bot?colour=red", "s3://mine/bot?layout=flat", "s3://mine/bot?timeout=soon",
        "s3:///bot", "file:./bot-data?keep=all", "gs://mine/{user_id}", "file:",
    ],
)  # fmt: skip
def test_a_uri_with_which_the_bot_could_not_start_is_refused_as_by_the_bot(tmp_path, capsys, uri):
    with pytest.raises(ConfigurationError) as of_the_bot:
        BucketPersistence(uri)
    assert main(["init", str(tmp_path / "my-bot"), "--uri", uri]) == 2
    assert capsys.readouterr() == ("", f"ptb-bucket: {of_the_bot.value}\n")
    assert not (tmp_path / "my-bot").exists()


def test_keys_that_are_set_here_are_not_those_of_the_bot(tmp_path, monkeypatch):
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", "not a key")
    assert main(["init", str(tmp_path), "--uri", "s3://mine/bot", "-q"]) == 0


@pytest.mark.parametrize("uri", ["s3://mine/bot?region=eu-west-1", "gs://mine/bot?layout=per-record"])
def test_a_provider_need_not_be_installed_here(tmp_path, monkeypatch, uri):
    monkeypatch.setattr(registry, "entry_points", lambda **which: [])
    assert main(["init", str(tmp_path), "--uri", uri, "-q"]) == 0
    assert f"[{'gcs,jobs' if uri[0] == 'g' else 'jobs,s3'}]" in (tmp_path / "requirements.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("target", "uri", "file", "words"),
    [
        ("lambda", "s3://mine/bots/shop", "terraform/main.tf", ['bucket_name = "mine"', 'prefix      = "bots/shop"']),
        ("cloud-run", "gs://mine/bot", "terraform/main.tf", ['bucket_name = "mine"', 'prefix      = "bot"']),
        ("polling", "s3://mine/{bot_id}", "my-bot.service", ['"PTB_BUCKET_URI=s3://mine/{bot_id}"']),
        ("polling", "s3://mine/a%20b", "my-bot.service", ['"PTB_BUCKET_URI=s3://mine/a%%20b"']),
        ("polling", 's3://mine/a" b', "my-bot.service", [r'"PTB_BUCKET_URI=s3://mine/a\" b"']),
        ("polling", "s3://mine/bot", "requirements.txt", ["ptb-bucket[jobs,s3]~="]),
        ("polling", "gs://mine/bot", "requirements.txt", ["ptb-bucket[gcs,jobs]~="]),
    ],
)  # fmt: skip
def test_the_deployment_uses_the_uri(tmp_path, target, uri, file, words):
    assert main(["init", str(tmp_path), "--target", target, "--uri", uri, "-q"]) == 0
    text = (tmp_path / file).read_text("utf-8")
    assert [word for word in words if word not in text] == []


def test_without_a_uri_each_bucket_has_a_name_of_its_own(tmp_path):
    texts = []
    for name in ("one", "two"):
        assert main(["init", str(tmp_path / name), "--target", "lambda", "-q"]) == 0
        texts.append((tmp_path / name / "terraform" / "main.tf").read_text("utf-8"))
    assert texts[0] != texts[1]


def test_wheels_are_copied_and_installed_instead_of_released_ones(tmp_path, capsys):
    dist = tmp_path / "dist"
    dist.mkdir()
    folder = tmp_path / "my-bot"
    assert main(["init", str(folder), "--target", "cloud-run", "--wheels", str(dist)]) == 2
    assert "contains no ptb-bucket wheel" in capsys.readouterr().err
    (dist / "ptb_bucket-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
    assert main(["init", str(folder), "--target", "cloud-run", "--wheels", str(dist)]) == 0
    assert "pip install wheels/*.whl -r requirements-dev.txt" in capsys.readouterr().err
    assert (folder / "wheels" / "ptb_bucket-0.1.0-py3-none-any.whl").read_bytes() == b"wheel"
    dockerfile = (folder / "Dockerfile").read_text("utf-8")
    assert "COPY wheels ./wheels\n" in dockerfile
    assert "pip install --no-cache-dir wheels/*.whl -r requirements.txt" in dockerfile


def test_the_templates_stay_small():
    sizes = {path.name: len(path.read_text("utf-8").splitlines()) for path in TEMPLATES.rglob("*.template")}
    assert len(sizes) > 10
    assert {name: size for name, size in sizes.items() if size > 200} == {}
