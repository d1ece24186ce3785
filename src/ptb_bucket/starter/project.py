"""The files of a new bot, made from the templates beside this module."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import ConfigurationError, RefusedError
from ptb_bucket.location import locate
from ptb_bucket.sealing import Sealing
from ptb_bucket.stores import StoreUri, missing_extra, parse_uri

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TARGETS", "Project", "write"]

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SUFFIX: Final = ".template"
_HIDDEN: Final = ("gitignore", "dockerignore")
_PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
_EXTRAS: Final = {"s3": "jobs,s3", "gs": "gcs,jobs"}
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/-]+")  # as the terraform modules allow
_OF_UNIT: Final = "file:%S/my-bot/bucket"  # below /var/lib, in systemd's notation

TARGETS: Final[Mapping[str, str]] = {"polling": "", "lambda": "s3", "cloud-run": "gs"}
"""Where a bot can run → the scheme of the only URIs that its deployment files can create; empty for any."""


@dataclass(frozen=True)
class Project:
    """A new bot.

    Attributes:
        target: One of :data:`TARGETS`.
        uri: Where the deployed bot keeps its state; None for a directory or a bucket with a new name.
        wheels: A folder with wheels of ptb-bucket to install instead of the index's; they are copied to ``wheels/``.
    """

    target: str
    uri: str | None = None
    wheels: Path | None = None

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path, with slashes.

        Raises:
            ConfigurationError: The target cannot use the URI, or no bot can.
        """
        values = self._values()
        sources = _templates("all") | _templates(self.target)
        return {name: _PLACEHOLDER.sub(lambda found: values[found[1]], text) for name, text in sorted(sources.items())}

    def wheel_files(self) -> list[Path]:
        """Return the wheels to copy.

        Raises:
            ConfigurationError: The folder has none.
        """
        if self.wheels is None:
            return []
        if not (found := sorted(self.wheels.glob("ptb_bucket*.whl"))):
            raise ConfigurationError(
                f"{self.wheels} contains no ptb-bucket wheel. Build the wheels in a checkout: pip wheel --no-deps "
                "--wheel-dir dist . ./providers/s3 ./providers/gcs"
            )
        return found

    def _values(self) -> dict[str, str]:
        uri = self._uri()
        return {
            "version": version("ptb-bucket"),
            "requirement": f"ptb-bucket[{_EXTRAS.get(uri.scheme, 'jobs')}]",
            "bucket": uri.bucket,
            "prefix": uri.prefix.rstrip("/"),
            "unit_uri": _OF_UNIT if self.uri is None else _in_unit(self.uri),
            "wheels": "wheels/*.whl " if self.wheels else "",
            "copied": "wheels " if self.wheels else "",
            "copy_wheels": "COPY wheels ./wheels\n" if self.wheels else "",
        }

    def _uri(self) -> StoreUri:
        scheme = TARGETS[self.target]
        uri = _default(scheme) if self.uri is None else _checked(self.uri)
        if scheme and (uri.scheme != scheme or uri.options or not _PREFIX.fullmatch(uri.prefix)):
            raise ConfigurationError(
                f"The deployment files for {self.target} create the bucket, so they need a URI such as "
                f"{scheme}://my-bucket/my-bot, without options. The prefix can contain letters, digits, dots, hyphens, "
                "underscores and slashes."
            )
        return uri


def write(project: Project, folder: Path, *, dry_run: bool = False) -> list[str]:
    """Write a project's files into a folder, which is created if it does not exist.

    Args:
        project: The project.
        folder: The folder. It may contain other files.
        dry_run: Only return the names.

    Returns:
        The paths of the files below the folder.

    Raises:
        RefusedError: A file exists already. Nothing was written.
        ConfigurationError: The target cannot use the URI, or no bot can; or there are no wheels.
        OSError: A file could not be written.
    """
    texts, wheels = project.files(), project.wheel_files()
    names = [*texts, *(f"wheels/{wheel.name}" for wheel in wheels)]
    if taken := [name for name in names if (folder / name).is_symlink() or (folder / name).exists()]:
        raise RefusedError(
            f"{folder} already contains {', '.join(taken)}. Nothing was written. Choose another folder, or remove "
            "these files."
        )
    if not dry_run:
        for name, text in texts.items():
            _write_new(folder / name, text)
        for wheel in wheels:
            (folder / "wheels").mkdir(exist_ok=True)
            shutil.copyfile(wheel, folder / "wheels" / wheel.name)
    return names


def _default(scheme: str) -> StoreUri:
    return parse_uri(f"{scheme}://my-bot-{secrets.token_hex(4)}/bot" if scheme else "file:./bot-data")


def _checked(text: str) -> StoreUri:
    """Return a parsed URI, or raise the error that the bot would raise at its start.

    If the provider is not installed here, the options are not checked: the bot's requirements install it.
    """
    if not text or not missing_extra(parse_uri(text).scheme):
        locate(text, None, None, (), Sealing(environment={}))
    return parse_uri(text)


def _in_unit(uri: str) -> str:
    """Escape what systemd would interpret between double quotes."""
    return uri.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')


def _write_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    if text.startswith("#!"):
        path.chmod(0o755)


def _templates(group: str) -> dict[str, str]:
    """Return the text of each template in a folder by the path of its file."""
    folder = _TEMPLATES / group
    return {_name_of(path, folder): path.read_text(encoding="utf-8") for path in folder.rglob(f"*{_SUFFIX}")}


def _name_of(path: Path, folder: Path) -> str:
    name = path.relative_to(folder).as_posix().removesuffix(_SUFFIX)
    return f".{name}" if name in _HIDDEN else name
