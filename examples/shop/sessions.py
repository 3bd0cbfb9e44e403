"""Who is signed in."""

import secrets
import time

STORE = {}


class Session:
    """One visit of one user."""

    def __init__(self, user, basket):
        self.token = secrets.token_hex(16)
        self.user = user
        self.basket = basket
        self.opened = time.time()


def open_session(user, basket):
    """Signs a user in, and returns the token for the cookie."""
    session = Session(user, basket)
    STORE[session.token] = session
    return session.token


def find_session(token):
    """The session of a cookie."""
    return STORE.get(token)
