"""The promises of :class:`~ptb_bucket.stores.BlobStore`, as functions that try them on a place.

The conformance kit (``ptb_bucket.testing.conformance``) runs them with pytest, on places that a test prepared.
``ptb-bucket verify`` runs them on a user's own bucket. Each function needs an empty place, and raises
:class:`BrokenPromiseError` with what went wrong.
"""

from __future__ import annotations

from ptb_bucket.stores.promises.keys import (
    IMPOSSIBLE_KEYS,
    ODD_KEYS,
    impossible_key_is_refused,
    no_two_keys_fall_together,
    odd_key_is_faithful_or_refused,
)
from ptb_bucket.stores.promises.lifecycle import (
    closing_twice_is_no_error,
    reopens_after_close,
    stores_see_each_other,
    works_in_one_loop_after_another,
)
from ptb_bucket.stores.promises.listing import (
    can_be_left_halfway,
    empty_objects_are_names_in_order,
    empty_place_is_empty,
    many_are_listed_across_pages,
    prefix_is_a_plain_prefix,
)
from ptb_bucket.stores.promises.place import BrokenPromiseError, Place
from ptb_bucket.stores.promises.races import (
    increment,
    increments_add_up,
    one_creates,
    one_updates,
    readers_see_whole_objects,
)
from ptb_bucket.stores.promises.reading import (
    missing_is_not_found,
    other_etag_is_read,
    reads_what_somebody_else_wrote,
    same_etag_is_not_modified,
)
from ptb_bucket.stores.promises.writing import (
    create_does_not_overwrite,
    delete_of_nothing_is_no_error,
    delete_on_a_condition,
    delete_removes_only_that_object,
    size_is_stored_whole,
    stale_update_changes_nothing,
    update_of_nothing_creates_nothing,
    update_replaces,
)

__all__ = [
    "IMPOSSIBLE_KEYS",
    "ODD_KEYS",
    "BrokenPromiseError",
    "Place",
    "can_be_left_halfway",
    "closing_twice_is_no_error",
    "create_does_not_overwrite",
    "delete_of_nothing_is_no_error",
    "delete_on_a_condition",
    "delete_removes_only_that_object",
    "empty_objects_are_names_in_order",
    "empty_place_is_empty",
    "impossible_key_is_refused",
    "increment",
    "increments_add_up",
    "many_are_listed_across_pages",
    "missing_is_not_found",
    "no_two_keys_fall_together",
    "odd_key_is_faithful_or_refused",
    "one_creates",
    "one_updates",
    "other_etag_is_read",
    "prefix_is_a_plain_prefix",
    "readers_see_whole_objects",
    "reads_what_somebody_else_wrote",
    "reopens_after_close",
    "same_etag_is_not_modified",
    "size_is_stored_whole",
    "stale_update_changes_nothing",
    "stores_see_each_other",
    "update_of_nothing_creates_nothing",
    "update_replaces",
    "works_in_one_loop_after_another",
]
