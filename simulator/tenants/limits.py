"""Limits on what is read from files that users bring. Each is far above a real directory's size."""

from __future__ import annotations

MAX_FILE_BYTES = 1 << 30
"""Largest file that is read. A million people as CSV measure about 400 MB."""

MAX_FILES = 10_000
"""Most files of one import, pages of Microsoft Graph included."""

MAX_OBJECTS = 2_000_000
"""Most users, groups, and rows of members of one import."""

MAX_COLUMNS = 1_000
"""Most columns of a table."""

MAX_CELL_CHARACTERS = 1_000_000
"""Longest cell of a table."""

MAX_PROBLEMS = 25
"""Most different problems that are told; the rest is counted."""

MAX_JSON_DEPTH = 32
"""Deepest nesting in which a place is looked for."""
