"""A module that is reloaded."""
