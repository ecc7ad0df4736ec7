"""entra-sim: the Entra ID provisioning service on a laptop, and a mock SCIM product to provision into.

The tree's root is the package `entra_sim` (setup.cfg maps it): `simulator` is the service, `mock_tapt` the product,
`scenarios` tells stories that use both, `cli` is the command line. Imports point one way: cli → scenarios →
simulator | mock_tapt.
"""
