"""What every test shares. Only fixtures that several folders use live here."""

from __future__ import annotations
