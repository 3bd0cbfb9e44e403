"""Finds memory leaks in Python programs and explains them. The command is `unfreed run app.py`.

Importing this package costs next to nothing: every recorded program does it.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
