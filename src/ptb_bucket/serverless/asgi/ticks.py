"""``POST /tick``: who may ask for the jobs that are due, and how that is checked."""

from __future__ import annotations

import asyncio
import hmac
import importlib.util
import re
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx

from ptb_bucket._aio import LoopLock
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.serverless.settings import setting

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GoogleKeysError", "GoogleOidc", "SharedSecret", "TickCheck", "TickRefusedError", "check_of"]

GOOGLE: Final = "https://www.googleapis.com/oauth2/v1/certs"
ISSUERS: Final = ("https://accounts.google.com", "accounts.google.com")
SKEW: Final = 10
"""Seconds by which Google's clock and ours may differ."""
PATIENCE: Final = 10.0
"""Seconds for one request for Google's keys."""
SHORTEST: Final = 60.0
"""Seconds for which keys are kept at least, even if the answer says less."""
LONGEST: Final = 86_400.0
"""Seconds for which keys are kept at most."""
STRIPPED: Final = "SIGNATURE_REMOVED_BY_GOOGLE"
"""What Cloud Run puts in the place of a signature, if it checks callers itself."""


@dataclass(frozen=True)
class SharedSecret:
    """Let a caller tick that sends ``Authorization: Bearer SECRET``, such as cron with curl.

    Args:
        setting: The environment variable with the secret, of at least 16 characters. ``NAME_PARAMETER`` can name a
            parameter instead, as for :func:`setting`.
    """

    setting: str = "PTB_BUCKET_TICK_SECRET"


@dataclass(frozen=True)
class GoogleOidc:
    """Let a service account of Google tick, such as that of a Cloud Scheduler job. It needs ``ptb-bucket[oidc]``.

    The token in ``Authorization: Bearer ...`` must be signed by Google, be valid now, and be made for this audience and
    this account. See https://cloud.google.com/scheduler/docs/http-target-auth.

    Args:
        audience: The audience that the job asks for. Any text; choose another one for each bot.
        email: The e-mail address of the service account.
        certificates: The URL of Google's public keys. Tests have their own.

    Raises:
        ConfigurationError: An argument is empty, or no text.
    """

    audience: str
    email: str
    certificates: str = GOOGLE

    def __post_init__(self) -> None:
        for name in ("audience", "email", "certificates"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConfigurationError(
                    f"GoogleOidc: {name} must be a string, not {value!r}. Pass the same value as in "
                    "the Cloud Scheduler job."
                )


class TickRefusedError(PermissionError):
    """The caller may not tick. The message says why, for the log; the answer does not."""


class GoogleKeysError(PTBBucketError):
    """Google's public keys could not be fetched."""


class TickCheck(Protocol):
    """Checks callers."""

    def prepare(self) -> None:
        """Read settings, at the start of the server.

        Raises:
            ConfigurationError: One is missing or wrong.
            StoreError: A parameter could not be read. The next request tries again.
        """

    async def check(self, authorization: str | None) -> None:
        """Check the header ``Authorization`` of a request.

        Raises:
            TickRefusedError: The caller may not tick.
            PTBBucketError: It could not be checked.
        """


def check_of(tick: SharedSecret | GoogleOidc) -> TickCheck:
    """Return the check of the option ``tick``.

    Raises:
        ConfigurationError: It is something else, or needs a package that is not installed.
    """
    if isinstance(tick, SharedSecret):
        return SecretCheck(tick)
    if isinstance(tick, GoogleOidc):
        return TokenCheck(tick)
    raise ConfigurationError(
        f"tick must be SharedSecret() or GoogleOidc(audience=..., email=...), not {type(tick).__name__}."
    )


class SecretCheck:
    """Compares a secret, in constant time.

    Args:
        given: Where the secret is.
    """

    def __init__(self, given: SharedSecret) -> None:
        self._given = given
        self._secret: bytes | None = None

    def prepare(self) -> None:
        """See :meth:`TickCheck.prepare`."""
        if self._secret is None:
            secret = setting(self._given.setting)
            if not re.fullmatch(r"[!-~]{16,}", secret):
                raise ConfigurationError(
                    f"{self._given.setting} must have at least 16 characters and no spaces. To create a secret, run: "
                    "openssl rand -hex 32"
                )
            self._secret = secret.encode()

    async def check(self, authorization: str | None) -> None:
        """See :meth:`TickCheck.check`."""
        self.prepare()
        token = _bearer(authorization).encode(errors="replace")
        if not hmac.compare_digest(token, self._secret or b""):
            raise TickRefusedError("The secret is wrong.")


class TokenCheck:
    """Verifies tokens of Google, in a thread.

    Args:
        given: Whose tokens are accepted.

    Raises:
        ConfigurationError: google-auth is not installed.
    """

    def __init__(self, given: GoogleOidc) -> None:
        self._given, self._keys = given, GoogleKeys(given.certificates)
        if not _is_installed("google.auth"):
            raise ConfigurationError(
                "GoogleOidc needs google-auth. Run: pip install 'ptb-bucket[oidc]' (in a checkout: "
                "pip install '.[oidc]')."
            )

    def prepare(self) -> None:
        """See :meth:`TickCheck.prepare`."""

    async def check(self, authorization: str | None) -> None:
        """See :meth:`TickCheck.check`."""
        token = _bearer(authorization)
        keys = await self._keys.get()
        claims = await asyncio.to_thread(_claims, token, keys)
        if wrong := self._wrong_claim(claims):
            raise TickRefusedError(wrong)

    def _wrong_claim(self, claims: Mapping[str, Any]) -> str | None:
        checks = {
            "The token was not issued by Google.": claims.get("iss") in ISSUERS,
            "The token is for another audience.": claims.get("aud") == self._given.audience,
            "The token is that of another account.": claims.get("email") == self._given.email,
            "The e-mail address in the token is not verified.": claims.get("email_verified") is True,
        }
        return next((wrong for wrong, right in checks.items() if not right), None)


def _claims(token: str, keys: Mapping[str, str]) -> Mapping[str, Any]:
    from google.auth import jwt  # noqa: PLC0415  most servers do not need it

    try:
        claims: Mapping[str, Any] = jwt.decode(token, certs=keys, clock_skew_in_seconds=SKEW)  # type: ignore[no-untyped-call,unused-ignore]
    except Exception:  # noqa: BLE001  tokens of strangers raise all kinds of errors
        raise TickRefusedError(_reason(token)) from None
    return claims


def _reason(token: str) -> str:
    if token.endswith(STRIPPED):
        return (
            "Cloud Run has checked the token and removed its signature. Let everybody call the service, as Telegram "
            "does, and choose an audience that is not the URL of the service."
        )
    return "The token is not signed by Google, or not valid now."


class GoogleKeys:
    """Google's public keys, which are kept as long as Google says.

    Args:
        url: Where they are.
    """

    def __init__(self, url: str) -> None:
        self._url, self._lock = url, LoopLock()
        self._keys: dict[str, str] = {}
        self._until = 0.0

    async def get(self) -> Mapping[str, str]:
        """Return the keys by their ID.

        Raises:
            GoogleKeysError: They could not be fetched.
        """
        async with self._lock.here():  # many requests share one fetch
            if time.monotonic() >= self._until:
                await self._fetch()
            return self._keys

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                answer = await client.get(self._url)
            answer.raise_for_status()
            self._keys = {str(name): str(key) for name, key in answer.json().items()}
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise GoogleKeysError(
                f"Google's public keys could not be fetched from {self._url} ({type(error).__name__}). The next tick "
                "tries again."
            ) from error
        self._until = time.monotonic() + _age(answer.headers.get("Cache-Control", ""))


def _age(cache_control: str) -> float:
    found = re.search(r"max-age=(\d+)", cache_control)
    return min(max(float(found[1]) if found else 0.0, SHORTEST), LONGEST)


def _bearer(authorization: str | None) -> str:
    """Return the token in a header.

    Raises:
        TickRefusedError: There is none.
    """
    kind, _, token = (authorization or "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TickRefusedError("The request has no token. Send the header Authorization: Bearer TOKEN.")
    return token.strip()


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
