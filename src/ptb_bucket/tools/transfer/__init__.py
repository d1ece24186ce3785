"""Move state: copy between buckets, import from PTB, and export to PTB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.tools.transfer.copy_target import check_source, open_target
    from ptb_bucket.tools.transfer.copying import Copied, copy
    from ptb_bucket.tools.transfer.import_ import Imported, import_memory
    from ptb_bucket.tools.transfer.json_export import export_json
    from ptb_bucket.tools.transfer.memory_file import MemoryFile, read_memory
    from ptb_bucket.tools.transfer.ptb_export import export_dict, export_pickle
    from ptb_bucket.tools.transfer.script import script_of

__all__ = [
    "Copied",
    "Imported",
    "MemoryFile",
    "check_source",
    "copy",
    "export_dict",
    "export_json",
    "export_pickle",
    "import_memory",
    "open_target",
    "read_memory",
    "script_of",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.tools.transfer.copying": ("Copied", "copy"),
        "ptb_bucket.tools.transfer.copy_target": ("check_source", "open_target"),
        "ptb_bucket.tools.transfer.import_": ("Imported", "import_memory"),
        "ptb_bucket.tools.transfer.json_export": ("export_json",),
        "ptb_bucket.tools.transfer.memory_file": ("MemoryFile", "read_memory"),
        "ptb_bucket.tools.transfer.ptb_export": ("export_dict", "export_pickle"),
        "ptb_bucket.tools.transfer.script": ("script_of",),
    },
)
