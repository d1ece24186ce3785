"""The choice between the two clients, made from the URI and the environment. Nothing is sent, and no SDK is loaded."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from ptb_bucket_s3._requests import S3Client
    from ptb_bucket_s3._settings import Settings

__all__ = [
    "DIRECTORY_BUCKET",
    "NEEDED",
    "check_installed",
    "configured_region",
    "reason_for_sdk",
    "reason_in_environment",
    "start_client",
]

DIRECTORY_BUCKET: Final = "--x-s3"
"""The end of the name of a directory bucket (S3 Express). ListObjectsV2 lists its keys in no order."""

NEEDED: Final = 'pip install "ptb-bucket-s3[aioboto3]" (in a checkout: pip install "./providers/s3[aioboto3]")'
_HARMLESS: Final = frozenset({"region", "output", "retry_mode", "max_attempts"})
"""The options of AWS's files that change nothing of what the light client does, or that it reads itself."""
_SERVER: Final = frozenset(
    {"endpoint_url", "services", "s3", "ca_bundle", "use_fips_endpoint", "use_dualstack_endpoint"}
)
"""The options of AWS's files that say where and how to send requests. They apply to all kinds of credentials."""
_VARIANTS: Final = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
_SEARCHED: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "BOTO_CONFIG")
"""The variables that lead to credentials which only the SDK finds."""
_ISOLATED: Final = ("us-iso", "eu-iso")


def start_client(bucket: str, settings: Settings) -> AsyncGenerator[S3Client, None]:
    """Return a generator that holds a client open: the light one where it can do all that is asked for.

    Args:
        bucket: The bucket's name.
        settings: The settings of a client.

    Raises:
        ConfigurationError: Only the full client can, but it is not installed or ``client=light`` excludes it.
    """
    reason = reason_for_sdk(bucket, settings, os.environ)
    if settings.client == "light" and reason:
        raise ConfigurationError(f"s3: The light client cannot be used, because {reason}. Leave out client=light.")
    if settings.client == "aioboto3" or reason:
        check_installed("aioboto3", reason or "the URI says client=aioboto3")
        from ptb_bucket_s3._sdk import hold_sdk  # noqa: PLC0415  only where it is used

        return hold_sdk(bucket, settings)
    from ptb_bucket_s3._light import hold_light  # noqa: PLC0415  only where it is used

    return hold_light(bucket, settings, settings.region or configured_region(os.environ))


def check_installed(package: str, reason: str) -> None:
    """Check that a package of the full client is installed.

    Raises:
        ConfigurationError: It is not. The message names the extra.
    """
    if find_spec(package) is None:
        raise ConfigurationError(f"s3: The full client is needed, because {reason}. Install it: {NEEDED}")


def reason_for_sdk(bucket: str, settings: Settings, environ: Mapping[str, str]) -> str:
    """Return why only the full client can serve a bucket; empty if the light one can.

    Args:
        bucket: The bucket's name.
        settings: The URI's options.
        environ: The environment variables.
    """
    region = settings.region or configured_region(environ) or ""
    reasons = {
        "the URI has the option profile": settings.profile,
        "the bucket is a directory bucket": bucket.endswith(DIRECTORY_BUCKET),
        "the bucket is an ARN": bucket.startswith("arn:"),
        f"the region {region} is isolated": region.startswith(_ISOLATED),
    }
    return next((reason for reason, holds in reasons.items() if holds), reason_in_environment(environ))


def reason_in_environment(environ: Mapping[str, str]) -> str:
    """Return why only the full client understands the environment; empty if the light one does too.

    Keys in the environment are used before anything in a file, as AWS's SDKs do.
    """
    variants = [name for name in _VARIANTS if environ.get(name, "").lower() == "true"]
    if variants:
        return f"{variants[0]} is set"
    options = _profile_options(environ)
    if options is None:
        return "AWS's configuration files cannot be read"
    if environ.get("AWS_ACCESS_KEY_ID") or environ.get("AWS_SECRET_ACCESS_KEY"):
        return _in_files(options.keys() & _SERVER)
    searched = [name for name in _SEARCHED if environ.get(name)]
    return f"{searched[0]} is set" if searched else _in_files(options.keys() - _HARMLESS)


def _in_files(options: set[str]) -> str:
    return f"AWS's configuration files have the option {min(options)}" if options else ""


def configured_region(environ: Mapping[str, str]) -> str | None:
    """Return the region from the environment, or from AWS's configuration files; None if there is none."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if environ.get(name):
            return environ[name]
    return (_profile_options(environ) or {}).get("region")


def _profile_options(environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return the profile's options in AWS's two files; None if one cannot be read."""
    profile = environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or "default"
    files = {
        environ.get("AWS_CONFIG_FILE") or "~/.aws/config": (
            "default" if profile == "default" else f"profile {profile}"
        ),
        environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials": profile,
    }
    options: dict[str, str] = {}
    for name, section in files.items():
        path = os.path.expanduser(name)  # noqa: PTH111  unlike pathlib's, it leaves the name alone without a home
        found = _section(path, section) if os.path.exists(path) else {}  # noqa: PTH110
        if found is None:
            return None
        options |= found
    return options


def _section(path: str, section: str) -> dict[str, str] | None:
    from configparser import Error, RawConfigParser  # noqa: PLC0415  only where there is a file

    parser = RawConfigParser(default_section="\n", strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (OSError, UnicodeError, Error):
        return None
    return dict(parser.items(section)) if parser.has_section(section) else {}
