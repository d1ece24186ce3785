"""The types that can be stored: one family per file, and the registry of the classes that a bot's author adds."""

from ptb_bucket.codecs.types.advice import (
    short_name,
)
from ptb_bucket.codecs.types.bot_reference import (
    BotReference,
)
from ptb_bucket.codecs.types.carriers import (
    base_of,
    carrier_of,
    class_of,
    has_room_for,
    is_one_class,
    with_room,
)
from ptb_bucket.codecs.types.declared import (
    declared,
)
from ptb_bucket.codecs.types.equality import (
    Equality,
    Identified,
    fingerprint,
    has_identity,
    has_own_equality,
    identical,
    is_a,
    same,
    structure_of,
)
from ptb_bucket.codecs.types.families import (
    CLASSES,
    DEFAULT_VALUE,
    bot_of,
    content,
    needs,
    rebuild,
    set_field,
    shape_of,
    with_bot,
    with_defaults,
    with_lost_defaults,
)
from ptb_bucket.codecs.types.guards import (
    ForeignCodeError,
    check_collisions,
    guarded,
)
from ptb_bucket.codecs.types.json_text import (
    BIG,
    compact_json,
    in_utf8,
)
from ptb_bucket.codecs.types.load_errors import (
    NewerTelegramError,
    UnknownClassError,
    class_changed,
    missing_dependency,
    newer_telegram,
    record_changed,
)
from ptb_bucket.codecs.types.reduction import (
    IrreducibleError,
    attribute_slots,
    hashes_by_hand,
    is_plain,
    reduction,
)
from ptb_bucket.codecs.types.refusals import (
    TOO_DEEP,
    UnregisteredError,
    attribute,
    combined_refusal,
    contains_itself,
    factory_refusal,
    is_live,
    item,
    needs_functions,
    refusal,
    too_deep,
    too_many_collisions,
)
from ptb_bucket.codecs.types.registry import (
    NATIVE,
    TAGS,
    Registry,
    StoredAs,
)
from ptb_bucket.codecs.types.scopes import (
    Origin,
    Scopes,
)
from ptb_bucket.codecs.types.shape import (
    Family,
    KnownClasses,
    Scope,
    Shape,
    Structure,
)
from ptb_bucket.codecs.types.shape_calls import (
    take_apart,
    write_value,
)

__all__ = [
    "BIG",
    "CLASSES",
    "DEFAULT_VALUE",
    "NATIVE",
    "TAGS",
    "TOO_DEEP",
    "BotReference",
    "Equality",
    "Family",
    "ForeignCodeError",
    "Identified",
    "IrreducibleError",
    "KnownClasses",
    "NewerTelegramError",
    "Origin",
    "Registry",
    "Scope",
    "Scopes",
    "Shape",
    "StoredAs",
    "Structure",
    "UnknownClassError",
    "UnregisteredError",
    "attribute",
    "attribute_slots",
    "base_of",
    "bot_of",
    "carrier_of",
    "check_collisions",
    "class_changed",
    "class_of",
    "combined_refusal",
    "compact_json",
    "contains_itself",
    "content",
    "declared",
    "factory_refusal",
    "fingerprint",
    "guarded",
    "has_identity",
    "has_own_equality",
    "has_room_for",
    "hashes_by_hand",
    "identical",
    "in_utf8",
    "is_a",
    "is_live",
    "is_one_class",
    "is_plain",
    "item",
    "missing_dependency",
    "needs",
    "needs_functions",
    "newer_telegram",
    "rebuild",
    "record_changed",
    "reduction",
    "refusal",
    "same",
    "set_field",
    "shape_of",
    "short_name",
    "structure_of",
    "take_apart",
    "too_deep",
    "too_many_collisions",
    "with_bot",
    "with_defaults",
    "with_lost_defaults",
    "with_room",
    "write_value",
]
