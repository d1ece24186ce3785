"""One table with an entry per type or family of types: how values are taken apart and put together."""

from ptb_bucket.codecs.types.authors import rebuild, set_field, shape_of
from ptb_bucket.codecs.types.carriers import base_of, carrier_of
from ptb_bucket.codecs.types.declared import declared, outdated, outdated_record
from ptb_bucket.codecs.types.equality import Equality, fingerprint, identical, same
from ptb_bucket.codecs.types.failures import failure, lacking
from ptb_bucket.codecs.types.reduction import IrreducibleError, hashes_by_hand, is_plain, reduction
from ptb_bucket.codecs.types.refusals import (
    TOO_DEEP,
    UnregisteredError,
    attribute,
    colliding,
    cyclic,
    factory_refusal,
    is_live,
    item,
    refusal,
    together,
    too_deep,
    unhelpful,
)
from ptb_bucket.codecs.types.registry import NATIVE, TAGS, Registry, StoredAs, UnknownClassError, name_of, unregistered
from ptb_bucket.codecs.types.scalars import BIG, in_utf8, written
from ptb_bucket.codecs.types.scope import BotReference, Origin, Scope, Scopes
from ptb_bucket.codecs.types.shape import (
    Family,
    ForeignCodeError,
    Shape,
    check_collisions,
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
from ptb_bucket.codecs.types.telegram import NewerTelegramError, newer_telegram, owned, owner_of
from ptb_bucket.codecs.types.telegram_objects import (
    CLASSES,
    DEFAULT_VALUE,
    content,
    needs,
    with_defaults,
    with_lost_defaults,
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
    "carrier_of",
    "check_collisions",
    "colliding",
    "content",
    "cyclic",
    "declared",
    "factory_refusal",
    "failure",
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
    "lacking",
    "name_of",
    "needs",
    "newer_telegram",
    "outdated",
    "outdated_record",
    "owned",
    "owner_of",
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
