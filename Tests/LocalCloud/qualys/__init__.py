"""A stand-in for Qualys on one port, for tests."""
