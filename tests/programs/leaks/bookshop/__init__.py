"""A shop whose baskets are never emptied."""
