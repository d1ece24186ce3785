"""The choice between the two clients, made from the URI and the environment. Nothing is sent, and no SDK is loaded."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores.http import Clients
from ptb_bucket_gcs._options import is_google

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket_gcs._light import LightClient
    from ptb_bucket_gcs._options import Options
    from ptb_bucket_gcs._sdk import SdkClients

__all__ = ["choose_clients", "on_google", "reason_for_sdk"]

_CREDENTIALS: Final = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_CLOUD_UNIVERSE_DOMAIN")
"""The variables of Google's libraries that lead to other credentials, another payer, or another cloud."""
_CERTIFICATES: Final = ("GOOGLE_API_CERTIFICATE_CONFIG", "CLOUDSDK_CONTEXT_AWARE_CERTIFICATE_CONFIG_FILE_PATH")
_SWITCHES: Final = {
    "GOOGLE_API_USE_CLIENT_CERTIFICATE": "true",
    "CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE": "true",
    "GOOGLE_API_USE_MTLS_ENDPOINT": "always",
    "GCE_METADATA_MTLS_MODE": "strict",
}
"""The variables that ask for a client certificate."""
_PLATFORMS: Final = (
    "K_SERVICE", "CLOUD_RUN_JOB", "CLOUD_RUN_WORKER_POOL", "FUNCTION_TARGET", "GAE_ENV", "GCE_METADATA_HOST",
    "GCE_METADATA_ROOT", "GCE_METADATA_IP",
)  # fmt: skip
"""The variables that mean that there is a metadata server. Google's platforms set them, and users the last three."""
_PRODUCT: Final = "/sys/class/dmi/id/product_name"
"""The file that names the hardware, as google-auth reads it: Compute Engine and GKE."""


def choose_clients(bucket: str, options: Options) -> Clients[LightClient] | SdkClients:
    """Return the source of a store's clients: the light ones where they can do all that is asked for.

    Args:
        bucket: The bucket's name.
        options: The options for reaching it.

    Raises:
        ConfigurationError: Only the full client can, but ``client=light`` excludes it.
    """
    reason = reason_for_sdk(options, os.environ)
    if options.client == "light" and reason:
        raise ConfigurationError(f"gs: The light client can't be used because {reason}. Remove client=light.")
    found = not is_google(options.endpoint_url) or on_google(os.environ)
    if options.client == "light" or (options.client == "auto" and not reason and found):
        from ptb_bucket_gcs._light import KnownToken, hold_light  # noqa: PLC0415  only where it is used

        return Clients(partial(hold_light, bucket, options, KnownToken()))
    from ptb_bucket_gcs._sdk import SdkClients  # noqa: PLC0415  only where it is used

    return SdkClients(bucket, options)


def reason_for_sdk(options: Options, environ: Mapping[str, str]) -> str:
    """Return why only the full client can reach a bucket; empty if the light one can, on Google's platforms.

    Args:
        options: The URI's options.
        environ: The environment variables.
    """
    if options.service_account_file:
        return "the URI has a service_account_file option"
    certificates = [name for name in _CERTIFICATES if environ.get(name)]
    certificates += [name for name, value in _SWITCHES.items() if environ.get(name, "").lower() == value]
    if certificates:
        return f"{certificates[0]} is set"
    return _reason_in_proxies() or (_reason_in_credentials(environ) if is_google(options.endpoint_url) else "")


def _reason_in_proxies() -> str:
    """Return why a proxy needs the full client. The light one needs Python 3.11 for HTTPS through an HTTPS proxy."""
    kinds = {proxy.partition("://")[0].lower() for proxy in getproxies().values() if "://" in proxy}
    if any(kind.startswith("socks") for kind in kinds):
        return "the environment names a SOCKS proxy"
    nested = "https" in kinds and sys.version_info < (3, 11)
    return "the environment names an HTTPS proxy, and this is Python 3.10" if nested else ""


def _reason_in_credentials(environ: Mapping[str, str]) -> str:
    found = [name for name in _CREDENTIALS if environ.get(name)]
    if found:
        return f"{found[0]} is set"
    if environ.get("NO_GCE_CHECK") == "true":
        return "NO_GCE_CHECK is set"
    path = _credentials_file(environ)
    return f"gcloud's credentials are in {path}" if os.path.exists(path) else ""  # noqa: PTH110  no pathlib at start


def _credentials_file(environ: Mapping[str, str]) -> str:
    """Return where gcloud writes application default credentials, as google-auth looks for them."""
    folder = environ.get("CLOUDSDK_CONFIG")
    if folder is None and sys.platform == "win32":
        folder = os.path.join(environ.get("APPDATA", "C:\\"), "gcloud")  # noqa: PTH118
    elif folder is None:
        folder = os.path.join(os.path.expanduser("~"), ".config", "gcloud")  # noqa: PTH111, PTH118
    return os.path.join(folder, "application_default_credentials.json")  # noqa: PTH118


def on_google(environ: Mapping[str, str]) -> bool:
    """Return True if this is one of Google's platforms, so that a metadata server hands out tokens.

    Args:
        environ: The environment variables.
    """
    if any(environ.get(name) for name in _PLATFORMS):
        return True
    try:
        with open(_PRODUCT, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read().startswith("Google")
    except OSError:
        return False
