"""A stand-in for a CAR (Connected Assets & Risk) database, and what its tests compare it with.

`python -m car` runs the server; `reference` works out from the Qualys data alone which graph has
to be in it after an import; `compare` tells the two apart. Nothing in here is meant for production.
"""
