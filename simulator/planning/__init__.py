"""What a change of mappings, filters, scope or flag would do to a whole directory, before it is made.

The engine itself decides, for every object, against a pretend target in memory or the accounts of a file; nothing is
written anywhere. `lint_schema` finds known traps in a schema, with or without a directory.
"""
