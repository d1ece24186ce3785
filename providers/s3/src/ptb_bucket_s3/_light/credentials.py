"""Credentials that are in the environment or one HTTP call away: of a container, or of an EC2 instance."""

from __future__ import annotations

import ipaddress
import json
import time
from dataclasses import field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ptb_bucket.stores import dataclass, tls_context
from ptb_bucket_s3._light.refused import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

__all__ = ["Credentials", "Renewed", "renewed_from", "source_for"]

_EARLY: Final = timedelta(minutes=10)
"""How long before their end credentials are renewed; the servers have new ones at least that early."""
_PAUSE: Final = 60.0
"""Seconds between two attempts to renew credentials that are still valid."""
_CONTAINER: Final = "http://169.254.170.2"
_PLAIN_HOSTS: Final = frozenset({"localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
"""The hosts to which a container's token may be sent without TLS, as in AWS's SDKs; besides loopback addresses."""
_INSTANCE: Final = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
_ROLES: Final = "/latest/meta-data/iam/security-credentials/"


@dataclass(frozen=True)
class Credentials:
    """Keys that sign requests.

    Args:
        access_key: The access key ID.
        secret_key: The secret key.
        token: The session token, of temporary keys.
        expires: When they end, if they do.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: datetime | None = None


class Renewed:
    """The credentials of one client, fetched when needed and renewed before they expire.

    Args:
        fetch: Returns credentials.
        blocks: It waits for a server, so it belongs in a thread.
    """

    def __init__(self, fetch: Callable[[], Credentials], *, blocks: bool = True) -> None:
        self._fetch = fetch
        self.blocks = blocks
        self._known: Credentials | None = None
        self._tried = 0.0

    def current(self) -> Credentials | None:
        """Return the credentials if they need not be renewed now."""
        known = self._known
        if known is None or known.expires is None:
            return known
        due = datetime.now(timezone.utc) > known.expires - _EARLY
        return None if due and time.monotonic() - self._tried > _PAUSE else known

    def renew(self) -> Credentials:
        """Fetch credentials, and keep those that are known if that fails.

        Raises:
            CredentialsError: There are none at all.
        """
        self._tried = time.monotonic()
        try:
            self._known = self._fetch()
        except Exception:
            # They may still be valid; if not, the server says so.
            if self._known is None:
                raise
        return self._known


def renewed_from(environ: Mapping[str, str]) -> Renewed:
    """Return the credentials that the environment leads to; see :func:`source_for`."""
    return Renewed(source_for(environ), blocks=not _has_keys(environ))


def _has_keys(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("AWS_ACCESS_KEY_ID") or environ.get("AWS_SECRET_ACCESS_KEY"))


def source_for(environ: Mapping[str, str]) -> Callable[[], Credentials]:
    """Choose where credentials come from, in the order of AWS's SDKs.

    Source: AWS SDKs and Tools Reference Guide, "Container credential provider", "IMDS credential provider".
    """
    if _has_keys(environ):
        return lambda: _from_environment(environ)
    if environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") or environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        return lambda: _from_container(environ)
    return lambda: _from_instance(environ)


def _from_environment(environ: Mapping[str, str]) -> Credentials:
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        missing = "AWS_SECRET_ACCESS_KEY" if access_key else "AWS_ACCESS_KEY_ID"
        raise CredentialsError(f"The credentials in the environment are incomplete: {missing} is not set.")
    token = environ.get("AWS_SESSION_TOKEN") or environ.get("AWS_SECURITY_TOKEN") or None
    return Credentials(access_key, secret_key, token, _time(environ.get("AWS_CREDENTIAL_EXPIRATION")))


def _from_container(environ: Mapping[str, str]) -> Credentials:
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    url = _CONTAINER + relative if relative else environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    if not relative:
        _check_host(url)
    headers = {"Accept": "application/json", **_container_token(environ)}
    with _http(2.0) as client:
        answer = _patiently(lambda: client.get(url, headers=headers))
    if answer.status_code != 200:  # noqa: PLR2004
        raise CredentialsError(f"The container credentials endpoint returned HTTP {answer.status_code}.")
    return _from_json(answer.content)


def _check_host(url: str) -> None:
    """Refuse to send a token to a server that anyone can read along with."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_near(parts.hostname or "")):
        return
    raise CredentialsError(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI must use https or point to a container agent or to this machine."
    )


def _is_near(host: str) -> bool:
    try:
        return host in _PLAIN_HOSTS or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _container_token(environ: Mapping[str, str]) -> dict[str, str]:
    path = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    try:
        # Read each time: EKS replaces the file.
        token = _read(path) if path else environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    except (OSError, UnicodeError) as exc:
        raise CredentialsError(
            f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE could not be read: {path} ({type(exc).__name__})."
        ) from None
    if "\r" in token or "\n" in token:
        raise CredentialsError("The container authorization token contains a line break.")
    return {"Authorization": token} if token else {}


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  pathlib is not needed for anything else here
        return file.read()


def _from_instance(environ: Mapping[str, str]) -> Credentials:
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise CredentialsError("Neither the environment nor a container endpoint provides credentials.")
    with _http(1.0) as client:
        return _ask_instance(client, _instance_endpoint(environ))


def _instance_endpoint(environ: Mapping[str, str]) -> str:
    mode = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv4").lower()
    return (environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _INSTANCE.get(mode, _INSTANCE["ipv4"])).rstrip("/")


def _ask_instance(client: httpx.Client, endpoint: str) -> Credentials:
    """Ask the metadata service, version 2 only: version 1 answers anyone who can make this machine send a GET."""
    import httpx  # noqa: PLC0415  loaded with the client

    try:
        wanted = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        token = client.put(f"{endpoint}/latest/api/token", headers=wanted).raise_for_status().text
        headers = {"X-aws-ec2-metadata-token": token}
        role = client.get(endpoint + _ROLES, headers=headers).raise_for_status().text.partition("\n")[0].strip()
        answer = client.get(endpoint + _ROLES + role, headers=headers).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise _nowhere(type(exc).__name__) from exc
    return _from_json(answer.content)


def _nowhere(reason: str) -> CredentialsError:
    return CredentialsError(
        "Neither the environment nor a container endpoint provides credentials, and the EC2 metadata service did "
        f"not return a role ({reason})."
    )


def _from_json(data: bytes) -> Credentials:
    """Read an answer, which no message repeats: it contains secrets."""
    try:
        found: dict[str, Any] = json.loads(data)
        keys = found["AccessKeyId"], found["SecretAccessKey"], found.get("Token")
        return Credentials(*keys, _time(found.get("Expiration")))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CredentialsError("The credentials endpoint did not return any credentials.") from None


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:  # none, or one that cannot be read: the server says when the credentials have expired
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _http(seconds: float) -> httpx.Client:
    """Return a client for an address of this machine, so never through a proxy."""
    import httpx  # noqa: PLC0415  for credentials in the environment, nothing is sent

    return httpx.Client(timeout=seconds, trust_env=False, verify=tls_context())


def _patiently(send: Callable[[], httpx.Response], attempts: int = 3) -> httpx.Response:
    """Send up to three times, because the agent of a container may start after the container."""
    import httpx  # noqa: PLC0415  loaded with the client

    for _ in range(attempts - 1):
        try:
            answer = send()
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if answer.status_code < 500:  # noqa: PLR2004
            return answer
        time.sleep(0.2)
    return send()
