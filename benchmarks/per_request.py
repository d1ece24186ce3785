"""The CPU of one request to S3, through the light client and through aioboto3.

    python benchmarks/per_request.py [--rounds 3] [--requests 60]

A small server in another process answers each request at once with the bytes that S3 would send, so only the client's
work counts. Each client runs in a process of its own, and the two take turns. Printed is the least CPU per request of
all rounds in milliseconds: a conditional read that is answered with 304, a read and a write of 1 KB, and a list of 20
objects.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CLIENTS = ("light", "aioboto3")
KEY = "a/user_data/12345.json"
BODY = b"x" * 1024
COMMON = (
    b"x-amz-request-id: 656c76696e6727732072657175657374\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\nServer: AmazonS3\r\n"
)
ETAG = b'ETag: "9b2cf535f27731c974343645a3985328"\r\nLast-Modified: Fri, 27 Nov 2026 11:00:00 GMT\r\n'
ENTRY = (
    b"<Contents><Key>k%d</Key><LastModified>2026-11-27T11:00:00.000Z</LastModified>"
    b"<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>100</Size></Contents>"
)
ENTRIES = (
    b"<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>b</Name><IsTruncated>false</IsTruncated>"
    + b"".join(ENTRY % number for number in range(20))
    + b"</ListBucketResult>"
)


def answer(status: bytes, headers: bytes = b"", body: bytes = b"") -> bytes:
    """Return an answer as it goes over the wire."""
    length = b"" if status.startswith(b"304") else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + COMMON + headers + length + b"\r\n" + body


NOT_MODIFIED, FOUND, WRITTEN = answer(b"304 Not Modified", ETAG), answer(b"200 OK", ETAG, BODY), answer(b"200 OK", ETAG)
PROOF = b".ptb-bucket-proof"
versions: list[int] = []
"""The versions of the object on which conditions are tried."""
LISTED = answer(b"200 OK", b"Content-Type: application/xml\r\n", ENTRIES)


class Server(asyncio.Protocol):
    """A connection that answers whole requests."""

    def connection_made(self, transport: Any) -> None:
        """Begin a connection."""
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that has arrived as a whole."""
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            length = int((head.partition(b"content-length:")[2].split(b"\r\n")[0] or b"0").strip())
            if len(self.received) < end + 4 + length:
                return
            self.received = self.received[end + 4 + length :]
            self.transport.write(_answer_to(head))


def _answer_to(head: bytes) -> bytes:
    if PROOF in head:
        return _honest(head)
    if head.startswith(b"put"):
        return WRITTEN
    if b"list-type" in head.split(b"\r\n", 1)[0]:
        return LISTED
    return NOT_MODIFIED if b"if-none-match" in head else FOUND


def _honest(head: bytes) -> bytes:
    """Answer a request for the object on which a store tries whether its server honours conditions."""
    if not head.startswith(b"put"):  # each client tries it from the beginning
        versions.clear()
        return answer(b"404 Not Found", body=b"<Error><Code>NoSuchKey</Code></Error>")
    expected = b'if-match: "%d"' % versions[-1] if versions else b"if-none-match: *"
    if expected not in head:
        return answer(b"412 Precondition Failed", body=b"<Error><Code>PreconditionFailed</Code></Error>")
    versions.append(len(versions) + 1)
    return answer(b"200 OK", b'ETag: "%d"\r\n' % versions[-1])


async def serve() -> None:
    """Run the server, and print its port."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def measure(client: str, port: int, requests: int) -> dict[str, float]:
    """Return the CPU of each kind of request in milliseconds."""
    from ptb_bucket.stores import Update, open_store  # noqa: PLC0415  the server's process does not need it

    async with open_store(f"s3://bucket?client={client}&endpoint_url=http://127.0.0.1:{port}") as store:
        etag = (await store.get(KEY)).etag

        async def listed() -> None:
            assert len([one async for one in store.list("k")]) == 20  # noqa: PLR2004  as the server has it

        kinds: dict[str, Callable[[], Awaitable[Any]]] = {
            "GET, 304": lambda: store.get(KEY, if_none_match=etag),
            "GET, 1 KB": lambda: store.get(KEY),
            "PUT, 1 KB": lambda: store.put(KEY, BODY, Update(etag)),
            "list, 20": listed,
        }
        least = {}
        for name, send in kinds.items():  # Python 3.10 refuses to await in a comprehension within another one
            least[name] = min([await _cpu(send, requests) for _ in range(5)])
        return least


async def _cpu(send: Callable[[], Awaitable[Any]], requests: int) -> float:
    began = time.process_time()
    for _ in range(requests):
        await send()
    return (time.process_time() - began) / requests * 1000


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == ["server"]:
        asyncio.run(serve())
    elif options.part:
        print(json.dumps(asyncio.run(measure(options.part[0], int(options.part[1]), options.requests))))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Let the clients take turns."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "eu-west-1"}
    part = [sys.executable, __file__, "--requests", str(options.requests), "--part"]
    server = subprocess.Popen([*part, "server"], stdout=subprocess.PIPE, text=True)  # noqa: S603  ourselves
    try:
        port = server.stdout.readline().strip() if server.stdout else ""
        rounds: dict[str, list[dict[str, float]]] = {client: [] for client in CLIENTS}
        for client in CLIENTS * options.rounds:
            command = [*part, client, port]
            ran = subprocess.run(command, env=os.environ | keys, stdout=subprocess.PIPE, check=True)  # noqa: S603  ourselves
            rounds[client].append(json.loads(ran.stdout))
    finally:
        server.kill()
        server.communicate()
    print("| client | " + " | ".join(rounds["light"][0]) + " |\n|---|" + "---|" * len(rounds["light"][0]))
    for client, found in rounds.items():
        print(f"| {client} | " + " | ".join(f"{min(one[kind] for one in found):.2f}" for kind in found[0]) + " |")


if __name__ == "__main__":
    main()
