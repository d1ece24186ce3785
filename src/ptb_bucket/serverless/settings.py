"""Secret settings, from the environment or from a secret store that the environment names."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from ptb_bucket._entry_points import entry_points
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GROUP", "forget_parameters", "setting", "webhook_secret"]

GROUP: Final = "ptb_bucket.secrets"
"""The entry points of readers, ``read(name: str) -> str``. The core has none, because each reader needs an SDK."""

SECRET: Final = "TELEGRAM_WEBHOOK_SECRET"  # noqa: S105  the name of the setting
SUFFIX: Final = "_PARAMETER"
SSM: Final = "ssm"


def setting(name: str) -> str:
    """Return the value of a setting such as ``TELEGRAM_BOT_TOKEN``.

    Args:
        name: The environment variable with the value. Alternatively, ``NAME_PARAMETER`` contains the name or ARN of a
            parameter in the AWS Systems Manager Parameter Store, which is read once in the life of the process. That
            needs ``ptb-bucket-s3``.

    Returns:
        The value without surrounding white space.

    Raises:
        ConfigurationError: Neither or both are set, the reader is not installed, or the parameter does not exist.
        StoreError: The parameter could not be read.
    """
    value, parameter = _environment(name), _environment(name + SUFFIX)
    if value and parameter:
        raise ConfigurationError(f"{name} and {name}{SUFFIX} are both set. Set only one of them.")
    if parameter:
        value = _read(parameter).strip()
    if not value:
        raise ConfigurationError(
            f"{name} is not set or is empty. Set this environment variable, or set {name}{SUFFIX} to the name of a "
            f"parameter in the AWS Systems Manager Parameter Store that contains the value."
        )
    return value


def webhook_secret() -> str:
    """Return the secret that Telegram sends with each update, from the setting ``TELEGRAM_WEBHOOK_SECRET``.

    Raises:
        ConfigurationError: The secret is missing, so that anyone who knows the address could send updates, or Telegram
            would not accept it.
        StoreError: The secret is a parameter and could not be read.
    """
    secret = setting(SECRET)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise ConfigurationError(
            f"{SECRET} is not a secret token that Telegram accepts. Use 1 to 256 of the characters A-Z, a-z, 0-9, _ "
            "and -, and pass the same token to set_webhook(secret_token=...)."
        )
    return secret


def _environment(name: str) -> str:
    return os.environ.get(name, "").strip()


@cache  # building an Application again costs no request; a failure is not cached
def _read(parameter: str) -> str:
    return _reader()(parameter)


def forget_parameters() -> None:
    """Read parameters again at the next use, because those in a snapshot of the process may be old."""
    _read.cache_clear()


def _reader() -> Callable[[str], str]:
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=SSM)}
    if len(found) != 1:
        raise ConfigurationError(
            f"Several packages read SSM parameters ({', '.join(sorted(found))}). Uninstall all but one."
            if found
            else "No package that reads SSM parameters is installed. Run: pip install ptb-bucket-s3 "
            "(in a checkout: pip install . ./providers/s3)."
        )
    entry = next(iter(found.values()))
    try:
        reader: Callable[[str], str] = entry.load()
    except Exception as exc:
        raise ConfigurationError(
            f"The reader of SSM parameters ({entry.value}) could not be imported: {exc}. Reinstall it."
        ) from exc
    return reader
