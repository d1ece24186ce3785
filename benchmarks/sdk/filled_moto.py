"""A program: moto's server with the records of ``web.py`` in its bucket ``web``: ``sdk.filled_moto PORT RECORDS``."""

from __future__ import annotations

import runpy
import sys

from moto.s3.models import S3Backend, s3_backends

from sdk.servers import MOTO
from web import objects

ACCOUNT = "123456789012"
"""moto's account of everybody."""


def fill(backend: S3Backend, records: int) -> None:
    """Put the records into moto's memory, without requests."""
    backend.create_bucket("web", "us-east-1")
    for key, body in objects(records):
        backend.put_object("web", f"bot/{key}", body)


if __name__ == "__main__":
    _, port, records = sys.argv
    fill(s3_backends[ACCOUNT]["aws"], int(records))
    sys.argv = [str(MOTO), port]
    runpy.run_path(str(MOTO), run_name="__main__")
