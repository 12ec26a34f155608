"""A site over every engine."""

from tests.engine.contract.conftest import direct_site, site

__all__ = ["direct_site", "site"]
