"""A local AWS: moto in this process, its switch for permissions, and credentials of roles."""

from __future__ import annotations

import contextlib
import urllib.request

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

REGION = "eu-west-1"
ACCOUNT = "123456789012"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"  # for plans; none is made
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ROOT_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class LocalAws:
    """A server on a separate port, until its context ends."""

    def __enter__(self):
        self._server = ThreadedMotoServer(port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        where = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        self.environment = {**where, "AWS_EC2_METADATA_DISABLED": "true", **ROOT_KEYS}
        return self

    def __exit__(self, *_):
        self._server.stop()

    def client(self, service, keys=None):
        """A client of the SDK; with the keys of a role, or else as the account's owner."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **_arguments(keys or ROOT_KEYS))

    def keys_of(self, role):
        """Return the environment of a process that has the role."""
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="bot")["Credentials"]
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return dict(zip(KEYS, map(answer.get, names), strict=True))

    @contextlib.contextmanager
    def enforcing(self):
        """Only who is permitted gets through; the server ignores conditions."""
        self._check_from("0")
        try:
            yield
        finally:
            self._check_from("inf")

    def forget(self):
        """Remove everything that was made."""
        self._call("reset", "")

    def _check_from(self, requests):
        self._call("reset-auth", requests)

    def _call(self, name, body):
        headers = {"Content-Type": "text/plain"}
        call = urllib.request.Request(f"{self.url}/moto-api/{name}", body.encode(), headers)  # noqa: S310
        urllib.request.urlopen(call, timeout=10).close()  # noqa: S310  our own server


def _arguments(keys):
    return {name.lower(): value for name, value in keys.items()}
