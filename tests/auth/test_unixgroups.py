import grp
import os
import pwd
from types import SimpleNamespace

import pytest

from angarium.auth.unixgroups import UnixGroups


def test_a_user_of_the_system_is_in_her_groups_the_primary_one_among_them() -> None:
    root = pwd.getpwuid(0)
    groups = UnixGroups().groups_of(root.pw_name)
    assert grp.getgrgid(root.pw_gid).gr_name in groups
    assert groups == {grp.getgrgid(gid).gr_name for gid in os.getgrouplist(root.pw_name, root.pw_gid)}


@pytest.mark.parametrize("userid", ["no such user", "root@example.org", "Root", "\u00fc"])
def test_others_are_in_none(userid: str) -> None:
    assert UnixGroups().groups_of(userid) == frozenset()


def test_members_need_no_entry_of_their_own_and_groups_need_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def getgrgid(gid: int) -> SimpleNamespace:
        if gid == 7:
            raise KeyError(gid)
        return SimpleNamespace(gr_name={6: "Domain Users"}[gid])

    monkeypatch.setattr(os, "getgrouplist", lambda _user, primary: [primary, 6, 7])
    monkeypatch.setattr(grp, "getgrgid", getgrgid)
    assert UnixGroups().groups_of("no such user") == {"Domain Users"}
