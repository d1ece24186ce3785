"""The permissions that the bot's service account needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PERMISSIONS", "ROLE"]

ROLE: Final = "roles/storage.objectUser"
"""The smallest predefined role with all permissions; grant it on the bot's own bucket."""

# Without list, Google answers a read of a missing object with 403, so an empty bucket looks like a mistyped one.
# Replacing an object counts as deleting it.
PERMISSIONS: Final[Mapping[str, Sequence[str]]] = {
    "get": ("storage.objects.get", "storage.objects.list"),
    "put": ("storage.objects.create", "storage.objects.delete"),
    "delete": ("storage.objects.delete",),
    "list": ("storage.objects.list",),
    "versions": ("storage.objects.get", "storage.objects.list"),
    "delete_version": ("storage.objects.delete",),
}
"""Operation → the permissions that it needs."""
