"""What every engine announces: accounts that changed, and what no account holds."""

from tests.engine.contract.conftest import AUTHOR, Draft, Site

from angarium.engine.commands import SetAcl, Subscribe
from angarium.engine.interface import NAMES, SITE
from angarium.engine.rows import AccountId
from angarium.rights import Acl


class Listener:
    """What was announced since it was asked last."""

    def __init__(self, site: Site) -> None:
        self._heard: list[AccountId] = []
        self.end = site.engine.subscribe(self._heard.append)

    def take(self) -> list[AccountId]:
        heard, self._heard[:] = self._heard.copy(), []
        return heard


async def test_a_change_is_announced_by_its_account_until_the_end(site: Site) -> None:
    listener = Listener(site)
    await site.add(site.inbox, Draft())
    assert listener.take() == [site.account]
    await site.engine.write(site.account, Subscribe("user.smith", AUTHOR))
    assert listener.take() == [site.account]
    listener.end()
    await site.add(site.inbox, Draft())
    assert listener.take() == []


async def test_what_accounts_there_are_is_announced(site: Site) -> None:
    listener = Listener(site)
    board = await site.engine.create_account("board")
    assert listener.take() == [SITE]
    await site.engine.rename_account(board, "chess")
    assert listener.take() == [SITE]
    await site.engine.forget_account(board)
    assert listener.take() == [SITE]


async def test_the_catalogue_is_announced_to_all_where_others_than_its_user_see_something_new(site: Site) -> None:
    await site.engine.refresh_catalogue(site.account)
    listener = Listener(site)
    (work,) = await site.create("work")
    assert listener.take() == [site.account]
    await site.engine.refresh_catalogue(site.account)
    assert listener.take() == [NAMES]
    for acl, heard in (
        ("smith lrswipkxtean", [NAMES]),
        ("smith lrswipkxtean anna lr", [NAMES, SITE]),
        ("anna l", [NAMES, SITE]),
        ("-group:friends l", [NAMES, SITE]),
        ("smith lr", [NAMES, SITE]),
        ("smith lrs", [NAMES]),
    ):
        text = Acl.parse_setting(acl).serialize()
        await site.engine.write(site.account, SetAcl(work, text, (await site.row(work)).acl_version, AUTHOR))
        listener.take()
        await site.engine.refresh_catalogue(site.account)
        assert listener.take() == heard, acl


async def test_annotations_of_the_server_are_announced(site: Site) -> None:
    listener = Listener(site)
    await site.engine.set_server_annotations({"/comment": b"x"})
    assert listener.take() == [SITE]
    await site.engine.set_server_annotations({})
    assert listener.take() == [SITE]
