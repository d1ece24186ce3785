"""Tests that a build depends on nothing but the sources, and that sdists contain those and nothing more."""

from __future__ import annotations

import io
import os
import stat
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from releasing import building
from releasing.commands import run, tracked_files
from releasing.errors import ReleaseError

ROOT = Path(__file__).parents[2]
MAY_READ = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="not a clone: git does not know which files are ours"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """All distributions, built twice and compared."""
    return building.build_twice(Path(sys.executable), ROOT, tmp_path_factory.mktemp("built"))


def members(path):
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2]: member for member in archive if member.isfile()}


def sdists(built):
    return [path for path in built if path.name.endswith(".tar.gz")]


def test_two_builds_give_the_same_bytes(built):
    assert [path.name.partition("-")[0] for path in built] == [
        name for name in ("ptb_bucket", "ptb_bucket_gcs", "ptb_bucket_s3") for _ in range(2)
    ]


def test_every_file_has_the_time_of_the_commit(built):
    date = int(building.source_date(ROOT))
    for path in sdists(built):
        assert {member.mtime for member in members(path).values()} == {date}


def test_the_date_can_be_set_from_outside(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert building.source_date(ROOT) == "1234567890"


def test_everybody_may_read_the_files_of_a_wheel(built):
    for path in (path for path in built if path.suffix == ".whl"):
        with zipfile.ZipFile(path) as wheel:
            modes = {info.external_attr >> 16 & MAY_READ for info in wheel.infolist()}
        assert modes == {MAY_READ}


def test_sdists_have_no_tests_and_wheels_no_more_than_the_package(built):
    for path in sdists(built):
        names = members(path)
        assert {"pyproject.toml", "PKG-INFO", "README.md", "LICENSE"} <= names.keys()
        assert [name for name in names if name.startswith(("tests/", "docs/", "providers/"))] == []
    for path in (path for path in built if path.suffix == ".whl"):
        with zipfile.ZipFile(path) as wheel:
            tops = {name.partition("/")[0] for name in wheel.namelist()}
        package = path.name.partition("-")[0]
        assert tops == {package, "-".join(path.name.split("-")[:2]) + ".dist-info"}


def test_the_sources_of_an_sdist_are_the_tracked_ones(built):
    tracked = {str(path) for path in tracked_files(ROOT)}
    for path in sdists(built):
        folder = {"ptb_bucket": ""}.get(name := path.name.partition("-")[0], f"providers/{name.rpartition('_')[2]}/")
        expected = {each.removeprefix(folder) for each in tracked if each.startswith(f"{folder}src/")}
        assert {each for each in members(path) if each.startswith("src/")} == expected


def test_an_sdist_with_anything_else_is_refused(tmp_path):
    path = tmp_path / "ptb_bucket-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("src/ptb_bucket/__init__.py", "tests/test_it.py"):
            archive.addfile(tarfile.TarInfo(f"ptb_bucket-1/{name}"), io.BytesIO())
    with pytest.raises(ReleaseError, match=r"ptb_bucket-1.tar.gz contains tests/test_it.py"):
        building.check_sdist(path)


def test_different_bytes_are_refused(tmp_path):
    files = []
    for name, content in (("a", b"1"), ("b", b"2")):
        tmp_path.joinpath(name).mkdir()
        files.append(tmp_path / name / "ptb_bucket.whl")
        files[-1].write_bytes(content)
    with pytest.raises(ReleaseError, match=r"differ: ptb_bucket\.whl"):
        building.check_equal(files[:1], files[1:])
    building.check_equal(files[:1], files[:1])


def test_a_failing_program_is_reported_with_what_it_printed(tmp_path):
    with pytest.raises(ReleaseError, match=r"ended with code 3:\nout\nerr"):
        run(
            sys.executable, "-c", "import sys; print('out'); sys.exit(print('err', file=sys.stderr) or 3)", cwd=tmp_path
        )


def test_programs_see_nothing_of_the_checkout(tmp_path, monkeypatch):
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "AWS_PROFILE", "PTB_BUCKET_URI", "TELEGRAM_BOT_TOKEN"):
        monkeypatch.setenv(name, "ours")
    printed = run(sys.executable, "-c", "import os; print(*os.environ)", cwd=tmp_path)
    assert {"PYTHONPATH", "VIRTUAL_ENV", "AWS_PROFILE", "PTB_BUCKET_URI", "TELEGRAM_BOT_TOKEN"} & set(
        printed.split()
    ) == set()
    assert "PATH" in printed.split()
    assert os.environ["PTB_BUCKET_URI"] == "ours"
