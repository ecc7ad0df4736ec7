"""The fidelity ledger at run time: which rules are simulated, what a code means. Reads packaged data, decides nothing.

`docs/fidelity.md` and the data files are generated from the references and the tests (`make ledger`).
"""
