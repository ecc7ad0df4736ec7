"""Scenario files: a directory, changes over time, faults, expectations. The only place that joins both sides."""
