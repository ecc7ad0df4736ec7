"""Use cases: the only layer that knows engine, store and transport together."""
