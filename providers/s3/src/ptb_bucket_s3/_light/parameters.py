"""Parameters of AWS Systems Manager, read with the light client's signatures."""

from __future__ import annotations

import json
import os
from typing import Any, Final

import httpx

from ptb_bucket_s3._light.credentials import renewed_from
from ptb_bucket_s3._light.endpoint import aws_address, configured_endpoint
from ptb_bucket_s3._light.recovery import EXPIRED, SKEWED, Clock
from ptb_bucket_s3._light.refused import AnswerError, CredentialsError
from ptb_bucket_s3._light.signing import signed_headers
from ptb_bucket_s3._light.transport import tls
from ptb_bucket_s3._light.unsigned import Unsigned

__all__ = ["ask_for_parameter"]

_HEADERS: Final = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter"}
_ATTEMPTS: Final = 3
_MOMENTARY: Final = frozenset({"ThrottlingException", "InternalServerError", "RequestLimitExceeded"})


def ask_for_parameter(name: str, region: str | None) -> str:
    """Return the decrypted value of a parameter, in up to three attempts. It blocks.

    Args:
        name: The name or ARN.
        region: The region, if it is configured.

    Raises:
        CredentialsError: The credentials or the region are missing.
        AnswerError: AWS refused.
        httpx.HTTPError: AWS did not answer.

    Source: AWS Systems Manager API Reference, "GetParameter".
    """
    if not region:
        raise CredentialsError("No region is configured. Set AWS_REGION.")
    origin = (configured_endpoint("ssm", os.environ) or aws_address("ssm", region)).rstrip("/")
    body = json.dumps({"Name": name, "WithDecryption": True}).encode()
    question = _Question(Unsigned("POST", origin, "/", _HEADERS, body), region)
    timeout = httpx.Timeout(5.0, connect=3.0)
    with httpx.Client(verify=tls(), timeout=timeout, headers={"user-agent": "ptb-bucket"}) as client:
        for _ in range(_ATTEMPTS - 1):
            try:
                return question.ask(client)
            except httpx.TransportError:
                continue
            except AnswerError as refusal:
                if not question.may_repeat(refusal):
                    raise
        return question.ask(client)


class _Question:
    """The question for a parameter, which may be asked again: it changes nothing."""

    def __init__(self, request: Unsigned, region: str) -> None:
        self._request = request
        self._region = region
        self._clock = Clock()
        self._credentials = renewed_from(os.environ)

    def ask(self, client: httpx.Client) -> str:
        credentials = self._credentials.current() or self._credentials.renew()
        headers = signed_headers(self._request, credentials, self._region, "ssm", self._clock.now())
        response = client.post(self._request.origin, content=self._request.body, headers=headers)
        if response.is_success:
            return str(response.json()["Parameter"]["Value"])
        raise AnswerError(response.status_code, response.headers, _details(response))

    def may_repeat(self, refusal: AnswerError) -> bool:
        if refusal.code in EXPIRED:
            return self._credentials.current() != self._credentials.renew()
        if refusal.code in SKEWED:
            return self._clock.correct(refusal.response["ResponseMetadata"]["HTTPHeaders"])
        return refusal.status >= 500 or refusal.code in _MOMENTARY  # noqa: PLR2004


def _details(response: httpx.Response) -> dict[str, str]:
    """Read an error. Its kind is ``prefix#Code:suffix``, where only the code is always there."""
    try:
        found: dict[str, Any] = dict(response.json())
    except ValueError:
        found = {}
    kind = str(response.headers.get("x-amzn-errortype") or found.get("__type") or response.status_code)
    message = found.get("message") or found.get("Message") or ""
    return {"Code": kind.partition(":")[0].rpartition("#")[2], "Message": str(message)}
