"""The expression language of attribute mappings: text → immutable tree → value. Pure."""
