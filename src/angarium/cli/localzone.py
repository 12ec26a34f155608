"""The machine's time zone with its rules: an offset alone would be wrong for dates of the other half of the year."""

import functools
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_FILE: Final = "/etc/localtime"


@functools.cache
def local_zone() -> tzinfo:
    """That of `/etc/localtime`; where this cannot be read, the present offset."""
    try:
        with open(_FILE, "rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        offset = datetime.now().astimezone().tzinfo
        assert offset is not None
        return offset
