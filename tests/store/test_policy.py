"""Options into the policy."""

from pathlib import Path

import pytest

from angarium.config import parse_settings
from angarium.errors import ConfigError
from angarium.names import VirtDomains
from angarium.rights import Acl, serialize_rights
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


def test_deleteright_that_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="deleteright"):
        _policy("deleteright: r\n")
