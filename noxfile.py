"""Sessions of everyday work: ``nox -l`` lists them, ``nox -s lint types`` runs two of them.

Sessions run in the environment that ``pip install -r requirements-dev.txt`` has set up, and install nothing into it.
Arguments after ``--`` are passed on: ``nox -s test -- tests/codecs``.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "test"]

BENCHMARKS = sorted(file.stem for file in Path("benchmarks").glob("*.py") if "__main__" in file.read_text())


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests, in five workers."""
    session.run("pytest", *session.posargs)


@nox.session(name="test-long")
def test_long(session: nox.Session) -> None:
    """Run all tests, with more examples, more races and every server."""
    session.run("pytest", "--long", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, and each provider on its own."""
    session.run("mypy")
    session.run("pyright")
    for project in sorted(Path("providers").glob("*/pyproject.toml")):
        with session.chdir(project.parent):
            session.run("mypy")


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the pictures of the command line again, with what it prints now."""
    session.run("python", "docs/make_demo_picture.py")
    session.run("python", "docs/make_tool_pictures.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site, then check its links, programs, commands and examples, offline."""
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    checks = ("tests/docs", "tests/test_documentation.py", "tests/terraform/test_tables.py")
    session.run("pytest", "-n", "0", "--long", *checks, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run one benchmark: ``nox -s bench -- against_pickle --users 1000``; without a name, list them."""
    if not session.posargs:
        session.log("Name one: %s", ", ".join(BENCHMARKS))
        return
    name, *arguments = session.posargs
    session.run("python", f"benchmarks/{name}.py", *arguments)


@nox.session
def demo(session: nox.Session) -> None:
    """Run the demo: a bot is restarted, and remembers."""
    session.run("ptb-bucket", "demo", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Do everything for a release but upload: ``nox -s release -- 0.2.0``; without a version, keep the present one."""
    session.run("python", "scripts/release.py", *session.posargs)
