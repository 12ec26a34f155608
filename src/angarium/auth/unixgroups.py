"""Groups from the system's own databases, by way of NSS (`unix_group_enable`), as Cyrus finds them.

NSS does not tell a user who is not there from a directory that does not answer, unless it makes the caller wait.
"""

import grp
import os
import pwd
from typing import Final

_NO_GROUP: Final = -1


class UnixGroups:
    """The groups of the system's user of the same name, her primary one among them."""

    name = "unix"

    def groups_of(self, userid: str) -> frozenset[str]:
        """A user whom the system does not know has the groups that name her as a member."""
        try:
            primary = pwd.getpwnam(userid).pw_gid
        except KeyError:
            primary = _NO_GROUP
        names = [_name_of(gid) for gid in os.getgrouplist(userid, primary) if gid != _NO_GROUP]
        return frozenset([name for name in names if name])


def _name_of(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:  # a group without a name cannot stand in an ACL
        return ""
