"""Angarium beside Cyrus and Dovecot: same machine, work and durability. `docs/manual/benchmarks.md` tells more."""
