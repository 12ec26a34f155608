"""Options into the policy."""

from pathlib import Path

import pytest

from angarium.config import parse_settings
from angarium.errors import ConfigError
from angarium.names import NameSettings, VirtDomains
from angarium.rights import Acl, parse_rights, serialize_rights
from angarium.store import StorePolicy

BASE = "configdirectory: /srv/mail\npartition-default: /srv/spool\n"


def _policy(text: str) -> StorePolicy:
    return StorePolicy.from_settings(parse_settings(BASE + text, file=Path("imapd.conf")).settings)


def test_defaults_are_those_of_the_options() -> None:
    policy = _policy("")
    assert policy == StorePolicy()
    assert serialize_rights(policy.implicit_owner_rights) == "lkxcan"


def test_options_take_effect() -> None:
    policy = _policy(
        "virtdomains: userid\nunixhierarchysep: no\ndefaultacl: anyone lr group:staff lrs\ndelete_mode: immediate\n"
        "partition-archive: /srv/archive\ndefaultpartition: archive\ndeletedprefix: GONE\nanyoneuseracl: no\n"
        "allowsetacl: no\nusername_tolower: no\ndeleteright: d\n"
    )
    assert policy.names.virtdomains is VirtDomains.USERID
    assert (policy.names.separator, policy.names.deletedprefix) == (".", "GONE")
    assert policy.defaultacl == Acl.parse_setting("anyone lr group:staff lrs")
    assert policy.partitions == {"default", "archive"}
    assert policy.defaultpartition == "archive"
    assert policy.deleteright == "d"
    switches = (policy.delayed_delete, policy.anyoneuseracl, policy.allowsetacl, policy.names.username_tolower)
    assert switches == (False, False, False, False)


def test_special_uses_are_those_of_the_options() -> None:
    policy = _policy(
        "specialuse_extra: \\Memos\nspecialuse_protect: \\Trash\nspecialuse_nochildren: \\Junk\n"
        "allowspecialusesubfolder: yes\nview_cache_size: 1M\n"
    )
    uses = policy.special_use
    assert uses.extra == ("\\Memos",)
    assert uses.protected == frozenset({"\\trash"})
    assert uses.childless == frozenset({"\\junk"})
    assert uses.at_any_level
    assert policy.view_octets == 1 << 20


def test_names_are_as_the_options_say() -> None:
    text = """unixhierarchysep: no
altnamespace: no
userprefix: U
sharedprefix: S
altprefix: A
virtdomains: yes
defaultdomain: example.org
username_tolower: no
deletedprefix: GONE
"""
    assert _policy(text).names == NameSettings(
        False, False, "U", "S", "A", VirtDomains.ON, "example.org", False, "GONE"
    )


def test_rights_are_read_by_deleteright() -> None:
    policy = _policy("deleteright: d\nimplicit_owner_rights: lkd\ndefaultacl: anyone lrd bob a\n")
    assert policy.implicit_owner_rights == parse_rights("lkd", deleteright="d")
    assert policy.defaultacl.rights_of("anyone") == parse_rights("lrd", deleteright="d")
    assert policy.defaultacl.rights_of("bob") == parse_rights("a", deleteright="d")


@pytest.mark.parametrize("value", ["r", "x", "cd", ""])
def test_deleteright_that_means_nothing_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="deleteright"):
        _policy(f"deleteright: {value}\n")
