"""The modules of Pympler 1.1, over unfreed's own API: `from unfreed.compat.pympler import asizeof, muppy, summary`.

Each module has the name that it has there. What differs on purpose, and why, stands in docs/compat.md.
"""
