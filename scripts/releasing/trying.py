"""Install the built wheels in bare environments, one for each extra, and use what they promise."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from releasing.building import make_environment
from releasing.commands import clean_environment, run
from releasing.errors import ReleaseError
from releasing.servers import google_server, s3_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = ["EXTRAS", "pins", "try_all"]

_S3: Final = "s3://bucket/{name}?endpoint_url={s3}&region=us-east-1&client={client}"
_GS: Final = "gs://bucket/{name}-{client}?endpoint_url={google}&client={client}"
_GS_CLIENTS: Final = tuple(_GS.replace("{client}", name) for name in ("light", "google-cloud-storage"))
_KEYS: Final = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
_ORIGIN: Final = "import ptb_bucket; print(ptb_bucket.__file__)"


class Extra(NamedTuple):
    """The work that an extra must be able to do."""

    uris: tuple[str, ...]
    """Where the demo runs."""

    verb: bool = False
    """Whether verbs other than ``demo`` work."""


EXTRAS: Final[Mapping[str, Extra]] = {
    "": Extra(("file:./state",)),
    "s3-light": Extra((_S3.replace("{client}", "light"),)),
    "s3": Extra((_S3.replace("{client}", "aioboto3"),)),
    "gcs": Extra(_GS_CLIENTS),
    "all": Extra((_S3.replace("{client}", "aioboto3"), *_GS_CLIENTS), verb=True),
}
"""The extras that name a provider, and none at all."""


def try_all(tools: Path, root: Path, built: Iterable[Path], scratch: Path, say: Callable[[str], None]) -> None:
    """Install each extra in a separate environment, and run the demo on a server with it.

    Dependencies come from the package index. Our distributions never do, even if the index has the same names.

    Args:
        tools: The Python whose pip installs.
        root: The folder of the repository, which has the programs of the servers.
        built: The built files.
        scratch: A folder outside the repository.
        say: Called with a line about each extra.

    Raises:
        ReleaseError: An extra cannot be installed, or does not work.
    """
    wheels = {path.name.split("-")[0].replace("_", "-"): path for path in built if path.suffix == ".whl"}
    scratch.joinpath("pins.txt").write_text(pins(wheels), encoding="utf-8")
    with ExitStack() as servers:
        values = {"s3": servers.enter_context(s3_server(root)), "google": servers.enter_context(google_server())}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for line in pool.map(lambda name: _try(tools, name, wheels["ptb-bucket"], scratch, values), EXTRAS):
                say(line)


def pins(wheels: Mapping[str, Path]) -> str:
    """Return constraints that take the providers from their files.

    A constraint installs nothing by itself, so an extra that names the wrong distribution fails. With
    ``--find-links``, pip would also accept a file of that name and version from the index.
    """
    return "".join(
        f"{name} @ {path.resolve().as_uri()}\n" for name, path in sorted(wheels.items()) if name != "ptb-bucket"
    )


def _try(tools: Path, name: str, wheel: Path, scratch: Path, values: Mapping[str, str]) -> str:
    python = _install(tools, name, wheel, scratch)
    _use(python, EXTRAS[name], {**values, "name": name or "core"})
    return f"ptb-bucket{f'[{name}]' if name else ''}: installed from the wheels; the demo remembers"


def _install(tools: Path, extra: str, wheel: Path, scratch: Path) -> Path:
    python = make_environment(scratch / f"with-{extra or 'nothing'}")
    target = f"ptb-bucket{f'[{extra}]' if extra else ''} @ {wheel.resolve().as_uri()}"
    pip = (tools, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-compile", "--constraint", scratch / "pins.txt", target, cwd=scratch)
    return python


def _use(python: Path, extra: Extra, values: Mapping[str, str]) -> None:
    home = python.parents[1] / "home"
    home.mkdir()
    environment = clean_environment(HOME=str(home), **_KEYS)
    origin = run(python, "-I", "-c", _ORIGIN, cwd=home, env=environment).strip()
    if not origin.startswith(str(python.parents[1])):
        raise ReleaseError(f"ptb_bucket was imported from {origin}, not from the wheel.")
    command = python.with_name("ptb-bucket")
    for uri in (template.format(**values) for template in extra.uris):
        _demonstrate(lambda *words: run(command, *words, cwd=home, env=environment), uri, verb=extra.verb)


def _demonstrate(ptb_bucket: Callable[..., str], uri: str, *, verb: bool) -> None:
    ptb_bucket("demo", "--uri", uri)
    again = ptb_bucket("demo", "--uri", uri)
    if "from an earlier run" not in " ".join(again.split()):  # the demo wraps its lines
        raise ReleaseError(f"The demo's second run on {uri} did not find the state of the first:\n{again}")
    if verb and "bot_data" not in (shown := ptb_bucket("show", uri)):
        raise ReleaseError(f"`ptb-bucket show {uri}` does not show the demo's state:\n{shown}")
