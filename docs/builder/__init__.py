"""Builds the fidelity ledger and the pages made from it. A tool of the checkout, never installed.

Run by `make ledger`; `tests/test_ledger.py` checks that what it writes is current.
"""
