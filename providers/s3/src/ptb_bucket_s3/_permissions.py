"""The permissions that a bot needs, for error messages, the README, ``ptb-bucket check`` and terraform's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PERMISSIONS", "grants", "with_kms"]

PERMISSIONS: Final[Mapping[str, Sequence[str]]] = {
    "get": ("s3:GetObject",),
    # A put on the condition of an ETag reads the ETag.
    "put": ("s3:PutObject", "s3:GetObject"),
    "delete": ("s3:DeleteObject",),
    "list": ("s3:ListBucket",),
    "versions": ("s3:ListBucketVersions", "s3:GetObjectVersion", "s3:GetBucketVersioning"),
    # Only for erase-user --versions. Bots do not need it, and it can destroy the versions that versioning keeps.
    "delete_version": ("s3:DeleteObjectVersion", "s3:GetBucketVersioning"),
}
_OF_BUCKETS: Final = frozenset({"s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning"})
"""The actions that are granted on the bucket, not on its objects."""
_KMS: Final[Mapping[str, Sequence[str]]] = {
    "get": ("kms:Decrypt",),
    "put": ("kms:GenerateDataKey", "kms:Decrypt"),
    "versions": ("kms:Decrypt",),
}


def with_kms() -> Mapping[str, Sequence[str]]:
    """Return the permissions for objects that a KMS key encrypts."""
    return {name: (*actions, *_KMS.get(name, ())) for name, actions in PERMISSIONS.items()}


def grants(actions: Sequence[str], bucket: str, home: str) -> str:
    """Return the actions that a policy has to allow, with their resources.

    Args:
        actions: The actions from :data:`PERMISSIONS`.
        bucket: The bucket's name.
        home: The start of the keys.
    """
    arn = f"arn:aws:s3:::{bucket}"
    resources = {
        f"{arn}/{home}*": [one for one in actions if one.startswith("s3:") and one not in _OF_BUCKETS],
        arn: [one for one in actions if one in _OF_BUCKETS],
        "the KMS key": [one for one in actions if one.startswith("kms:")],
    }
    return "; ".join(f"{', '.join(found)} on {resource}" for resource, found in resources.items() if found)
