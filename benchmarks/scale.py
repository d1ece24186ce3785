"""Which layout for whom: commits, starts, loading and memory by layout, place and number of users.

    python benchmarks/scale.py [--users 1000 10000 100000] [--million] [--runs 5] [--json FILE] [--resume]
        [--plots FOLDER] [--guide FILE]

Each case is a separate process. Every read takes 20 ms and every write 40 ms longer than the place itself takes, as
in a bucket. "floor" is the ratio to bare puts of the same bytes on the same place, taken in turns; "own CPU" is what we
use beyond theirs, as a share of their time. PicklePersistence is measured beside, on the same disk. With ``--million``
also a million users, in memory and in a directory. docs/pictures/scale.json and its picture and tables are made by

    python benchmarks/scale.py --million --json docs/pictures/scale.json --plots docs/pictures
        --guide docs/how-to/choose-a-layout.md
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling import guide, tables, targets
from scaling.cases import Case
from scaling.pickles import KINDS
from scaling.targets import LARGE
from sdk.servers import running, without_accounts

from ptb_bucket.state import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

CHILD = Path(__file__).parent / "scaling" / "child.py"
MILLION = 1_000_000
PLACES = ("memory", "file", "s3")


def plan(options: argparse.Namespace) -> Iterator[tuple[str, Case]]:
    """Return the measurements (part, case): JSON everywhere, pickle at 100,000 users."""
    for users in [*options.users, *([MILLION] if options.million else [])]:
        for place in options.places:
            if users >= MILLION and place == "s3":
                continue
            codecs = options.codecs or ("json", *(["pickle"] if users == LARGE else []))
            for layout in options.layouts:
                yield from (("measure", Case(layout, codec, place, users, runs=options.runs)) for codec in codecs)
        if "file" in options.places and users < MILLION:
            yield from (("pickle", Case(name, "pickle", "file", users, runs=options.runs)) for name in KINDS)


def measure(part: str, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Run a case in fresh processes."""
    with ExitStack() as stack:
        where = ""
        if case.place == "file":
            where = stack.enter_context(tempfile.TemporaryDirectory(dir=options.scratch))
        if case.place == "s3":
            server = stack.enter_context(running("ministack"))
            where = server.uri(_bucket(server), "bot/")
        case = Case(**{**asdict(case), "where": where})
        figures = run(part, case)
        if part == "measure" and case.place == "file" and case.layout != "per-record" and case.users < MILLION:
            figures |= run("memory", case)
        if case.place == "file" and case.layout == "single" and case.users == LARGE:
            figures["gaps"] = {"as it is": gaps("gaps", case), "frozen": gaps("frozen", case)}
    return {**asdict(case), "where": "", **figures}


def gaps(part: str, case: Case) -> dict[str, float]:
    """Return the medians of new processes, as for a bot that loads."""
    found = [run(part, case) for _ in range(case.runs)]
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def _bucket(server: Any) -> str:
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415  comes with the S3 provider, and takes its time

    boto3.client("s3", endpoint_url=server.url).create_bucket(Bucket="bench-scale")
    return "bench-scale"


def run(part: str, case: Case) -> dict[str, Any]:
    """Run a process, and return its figures."""
    command = [sys.executable, str(CHILD), part, json.dumps(asdict(case))]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{part} of {case} failed")
    return dict(json.loads(done.stdout))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--places", nargs="+", choices=PLACES, default=PLACES)
    parser.add_argument("--layouts", nargs="+", choices=list(LAYOUTS), default=list(LAYOUTS))
    parser.add_argument("--codecs", nargs="+", choices=["json", "pickle"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scratch", help="the folder for directories; the system's own by default")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--resume", action="store_true", help="skip cases that the JSON file already has")
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--guide", type=Path, help="a Markdown file with marks for the tables")
    options = parser.parse_args()
    if options.resume and not (options.json and options.json.is_file()):
        parser.error("--resume needs --json FILE, with what was measured before")
    without_accounts()
    results = json.loads(options.json.read_text())["cases"] if options.resume else []
    done = [{name: each[name] for name in asdict(Case("", "", "", 0))} for each in results]
    cases = [(part, case) for part, case in plan(options) if asdict(case) not in done]
    for number, (part, case) in enumerate(cases, 1):
        print(f"[{number}/{len(cases)}] {case.layout} {case.codec} {case.place} {case.users:,}", file=sys.stderr)
        results.append(measure(part, case, options))
        if options.json:
            options.json.write_text(json.dumps({"about": about(), "cases": results}, indent=1) + "\n")
    tables.show(results)
    targets.show(results)
    if options.guide:
        guide.fill(options.guide, {"about": about(), "cases": results})
    if options.plots:
        from scaling import plots  # noqa: PLC0415  matplotlib is for pictures only

        plots.draw(results, options.plots)


def about() -> dict[str, str]:
    """Return the time and the versions of the measurement."""
    return {"date": str(datetime.now(timezone.utc).date()), "Python": platform.python_version()}


if __name__ == "__main__":
    main()
