"""Scripts of the site, which others include (RFC 6609 §3.2), and those of them that are for the users of one domain."""

from angarium.engine.interface import Engine
from angarium.engine.scripts import ScriptRow
from angarium.names import UserId


def name_in_domain(name: str, domain: str) -> str:
    """What a script of the site is called that the users of a domain find as `name`."""
    return f"{name}@{domain}"


async def find_site_script(engine: Engine, name: str, userid: UserId | None) -> ScriptRow | None:
    """What `include :global` means in a script of this user, or of nobody: that of her domain before that of all."""
    if userid is not None and userid.domain is not None:
        row = await engine.site_script(name_in_domain(name, userid.domain))
        if row is not None:
            return row
    return await engine.site_script(name)
