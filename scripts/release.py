"""Do everything for a release but upload: ``python scripts/release.py [VERSION]``. RELEASING.md explains when.

1. With a VERSION, write it into all distributions.
2. Check that they have one version, and that CHANGELOG.md has an entry for it.
3. Build sdists and wheels twice, from the files that git tracks, and compare their bytes.
4. Run ``twine check --strict``, render the page of each distribution, and check its links and pictures.
5. Install the wheels in bare environments, one for each extra, and run ``ptb-bucket demo`` on real servers.

It needs Linux or macOS, and the environment that ``pip install -r requirements-dev.txt`` sets up.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

from releasing import building, pages, trying, versions
from releasing.commands import run, tracked_files
from releasing.errors import ReleaseError

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run the steps, and report the first that fails."""
    arguments = _parser().parse_args()
    try:
        if arguments.version:
            versions.write_version(ROOT, arguments.version)
        _release(arguments.out, arguments.tag)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", nargs="?", metavar="VERSION", help="write this version first (default: keep it)")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder for the files (default: dist)")
    parser.add_argument(
        "--tag", help="refuse unless this tag belongs to the version, all is committed, and CHANGELOG.md has a date"
    )
    return parser


def _release(out: Path, tag: str | None) -> None:
    versions.check_versions(ROOT)
    version = versions.read_version(ROOT)
    if tag is not None:
        _check_tag(tag, version)
    versions.check_changelog(ROOT, version, dated=tag is not None)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        scratch = Path(folder)
        tools = building.make_tools(scratch)
        _say(f"the tools are installed, to build {version}")
        built = building.build_twice(tools, ROOT, scratch)
        _say(f"two builds gave the same {len(built)} files")
        _check_pages(tools, built, version)
        trying.try_all(tools, ROOT, built, scratch, _say)
        _deliver(built, out)


def _check_tag(tag: str, version: str) -> None:
    if tag != f"v{version}":
        raise ReleaseError(f"The tag {tag} does not belong to version {version}, whose tag is v{version}.")
    if changed := run("git", "status", "--porcelain", cwd=ROOT):
        raise ReleaseError(f"These files are not committed:\n{changed}")


def _check_pages(tools: Path, built: list[Path], version: str) -> None:
    run(tools, "-m", "twine", "check", "--strict", *built, cwd=ROOT)
    tracked = tracked_files(ROOT)
    files = {str(path) for name in tracked for path in (name, *name.parents)}
    counts = [pages.check_page(pages.description(path), version, files) for path in built]
    links, pictures = sum(len(each.links) for each in counts), sum(len(each.pictures) for each in counts)
    _say(f"twine found nothing; {links} links and {pictures} pictures lead to files of this version")


def _deliver(built: list[Path], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for path in out.glob("ptb_bucket*"):
        path.unlink()
    for path in built:
        shutil.copyfile(path, out / path.name)
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {out / path.name}")


def _say(line: str) -> None:
    print(f"{time.monotonic() - _STARTED:5.1f} s  {line}", flush=True)


_STARTED = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
