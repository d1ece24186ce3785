"""One table with an entry per type or family of types: how values are taken apart and put together."""

from ptb_bucket.codecs.types.authors import positional, rebuild, set_field, shape_of
from ptb_bucket.codecs.types.carriers import base_of, carrier_of
from ptb_bucket.codecs.types.declared import declared, outdated, qualified
from ptb_bucket.codecs.types.equality import Equality, fingerprint, identical, same
from ptb_bucket.codecs.types.reduction import IrreducibleError, hashes_by_hand, is_plain, reduction
from ptb_bucket.codecs.types.refusals import (
    TOO_DEEP,
    UnregisteredError,
    attribute,
    cyclic,
    factory_refusal,
    is_live,
    item,
    keyless,
    refusal,
    together,
    too_deep,
    unhelpful,
)
from ptb_bucket.codecs.types.registry import NATIVE, TAGS, Registry, StoredAs, UnknownClassError, name_of, unregistered
from ptb_bucket.codecs.types.scalars import BIG, in_utf8, written
from ptb_bucket.codecs.types.scope import BotReference, Drawn, Scope
from ptb_bucket.codecs.types.shape import (
    Family,
    ForeignCodeError,
    Shape,
    check_collisions,
    checked,
    guarded,
)
from ptb_bucket.codecs.types.structure import (
    Identified,
    Structure,
    attribute_slots,
    has_identity,
    has_own_equality,
    is_a,
    structure_of,
)
from ptb_bucket.codecs.types.telegram import NewerTelegramError, owned, owner_of
from ptb_bucket.codecs.types.telegram_objects import CLASSES, DEFAULT_VALUE, content, with_defaults, with_lost_defaults

__all__ = [
    "BIG",
    "CLASSES",
    "DEFAULT_VALUE",
    "NATIVE",
    "TAGS",
    "TOO_DEEP",
    "BotReference",
    "Drawn",
    "Equality",
    "Family",
    "ForeignCodeError",
    "Identified",
    "IrreducibleError",
    "NewerTelegramError",
    "Registry",
    "Scope",
    "Shape",
    "StoredAs",
    "Structure",
    "UnknownClassError",
    "UnregisteredError",
    "attribute",
    "attribute_slots",
    "base_of",
    "carrier_of",
    "check_collisions",
    "checked",
    "content",
    "cyclic",
    "declared",
    "factory_refusal",
    "fingerprint",
    "guarded",
    "has_identity",
    "has_own_equality",
    "hashes_by_hand",
    "identical",
    "in_utf8",
    "is_a",
    "is_live",
    "is_plain",
    "item",
    "keyless",
    "name_of",
    "outdated",
    "owned",
    "owner_of",
    "positional",
    "qualified",
    "rebuild",
    "reduction",
    "refusal",
    "same",
    "set_field",
    "shape_of",
    "structure_of",
    "together",
    "too_deep",
    "unhelpful",
    "unregistered",
    "with_defaults",
    "with_lost_defaults",
    "written",
]
