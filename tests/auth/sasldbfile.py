"""A database of 16 KB, as `saslpasswd2` of Debian makes it."""

import base64
import zlib
from typing import Final

SASLDB: Final = zlib.decompress(
    base64.b64decode(
        "eNrt2jFKA0EUxvE3iRot5Nl4AgvBImextBInmyEGNlmZWTGNRxC8gW2aoFXAek9gYRcrC28h7rAsJEaINhH0/4NZlsdji2mWb96I"
        "iBip2P0t2Ykve+XarmpNWdY4OxJ5F3lLDm5Fq5qZ+060Ua6nm/PTz3UAAAAAAPA7lrP7RGX3VV/0USfK/gAAAAAAsFbNk+v7OJCf"
        "bZaBPbE+S2Vg+2nbjezgInXtzPfkMjh/bEO4ynzXdLLOYYhPqVuGLl9oqfN/YyH/j8v8P9NnfdDxF/n/O/P/iPk/AAAAAAA/Y3q+"
        "mBZ3znSLqc/ditwfXOJdbmzaT1a01tl9/p6/iQcMrREA4M/hfwoAAPBffQCrXxMn"
    )
)
ENTRIES: Final = {
    ("alice", "mail.example.org"): "secret",
    ("bob", "example.net"): "bob's",
    ("carol", "mail.example.org"): "x" * 1500,
    ("dörte", "mail.example.org"): "größe",
}
