"""SQLite behind the service: one module per aggregate, the same verbs everywhere (get, list, save, delete)."""
