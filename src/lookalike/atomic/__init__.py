"""Files and folders that are written whole or not at all, and locks between processes.

Whatever the library leaves on disk goes through this package: a full disk or a kill leaves what was there before.
"""

from lookalike.atomic.drafts import draft_beside, is_draft, sweep
from lookalike.atomic.files import make_folder, require_writable, write_text, write_whole
from lookalike.atomic.folders import exchange, finish_replacement, is_waiting, new_folder, remove, replaced
from lookalike.atomic.locks import LOCK, lock_of, locked, require_unlocked

__all__ = [
    "LOCK",
    "draft_beside",
    "exchange",
    "finish_replacement",
    "is_draft",
    "is_waiting",
    "lock_of",
    "locked",
    "make_folder",
    "new_folder",
    "remove",
    "replaced",
    "require_unlocked",
    "require_writable",
    "sweep",
    "write_text",
    "write_whole",
]
