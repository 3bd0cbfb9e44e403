"""A shop with a login. See session_leak.py."""
