"""A small AWS on one port, for tests: moto behind a layer that checks what moto trusts.

Nothing in here is meant for, or safe in, production.
"""
