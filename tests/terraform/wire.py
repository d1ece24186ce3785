"""The data by which AWS decides about a request: its actions, their resource, and the keys of conditions.

A request that the driver is not known to send raises, so that none is overlooked.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from policies import Asked

CONDITIONS = ("if-match", "if-none-match")
HARMLESS = {"x-id", "prefix", "max-keys", "continuation-token", "key-marker", "version-id-marker", "encoding-type"}
FURTHER = ("x-amz-copy", "x-amz-acl", "x-amz-grant", "x-amz-tag")
LISTS = {"list-type": "s3:ListBucket", "versions": "s3:ListBucketVersions"}


def asked_of(request) -> list[Asked]:
    """Return the actions of a request that the fault proxy has seen, as if it had come over TLS."""
    url = urlsplit(request.path)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    what = (request.method, *sorted(query.keys() - HARMLESS))
    arn = f"arn:aws:s3:::{bucket}"
    if key:
        return [Asked(action, f"{arn}/{key}", context) for action, context in _of_object(what, request.headers)]
    if what == ("GET", "versioning"):
        return [Asked("s3:GetBucketVersioning", arn, _seen({}))]
    if what[0] == "GET" and what[1:] in {(name,) for name in LISTS}:
        return [Asked(LISTS[what[1]], arn, _seen({"s3:prefix": query["prefix"]} if "prefix" in query else {}))]
    raise NotImplementedError(f"a request on a bucket: {what}")


def _of_object(what, headers):
    conditions = {f"s3:{name}": headers[name] for name in CONDITIONS if name in headers}
    if unknown := [
        name for name in headers if name.startswith(("x-amz-copy", "x-amz-acl", "x-amz-grant", "x-amz-tag"))
    ]:
        raise NotImplementedError(f"headers that need further permissions: {unknown}")
    if what == ("PUT",):
        reads = [("s3:GetObject", _seen({}))] if "if-match" in headers else []
        return [("s3:PutObject", _seen(conditions)), *reads]
    actions = {
        ("GET",): "s3:GetObject",
        ("GET", "versionId"): "s3:GetObjectVersion",
        ("DELETE",): "s3:DeleteObject",
    }
    if what not in actions:
        raise NotImplementedError(f"a request on an object: {what}")
    return [(actions[what], _seen({}))]


def _seen(context):
    return {"aws:SecureTransport": "true", **context}
