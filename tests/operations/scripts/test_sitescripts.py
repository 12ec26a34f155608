"""What `include :global` finds."""

import asyncio

import pytest

from angarium.engine.memory import MemoryEngine
from angarium.engine.sources import SystemSources
from angarium.names import UserId
from angarium.operations.scripts import find_site_script, name_in_domain


@pytest.mark.parametrize(
    ("userid", "name", "content"),
    [
        (UserId("ann", "example.net"), "both", b"stop;"),
        (UserId("ann", "example.net"), "domain", b"keep;"),
        (UserId("ann", "example.net"), "site", b"discard;"),
        (UserId("ann", "example.com"), "both", b"discard;"),
        (UserId("ann", "example.com"), "domain", None),
        (UserId("ann"), "both", b"discard;"),
        (UserId("ann"), "domain", None),
        (None, "both", b"discard;"),
        (None, "nothing", None),
    ],
)
def test_a_script_of_the_domain_comes_before_that_of_the_site(
    userid: UserId | None, name: str, content: bytes | None
) -> None:
    async def found() -> bytes | None:
        engine = MemoryEngine(["default"], SystemSources())
        await engine.put_site_script("site", b"discard;")
        await engine.put_site_script("both", b"discard;")
        await engine.put_site_script(name_in_domain("both", "example.net"), b"stop;")
        await engine.put_site_script(name_in_domain("domain", "example.net"), b"keep;")
        row = await find_site_script(engine, name, userid)
        return None if row is None else row.content

    assert asyncio.run(found()) == content
