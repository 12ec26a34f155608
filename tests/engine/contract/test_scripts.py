"""Scripts of accounts and of the site, over every engine."""

import json

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site

from angarium.engine.commands import (
    ActivateScript,
    CreateMailboxes,
    DeleteScript,
    Done,
    MailboxRename,
    PutScript,
    RenameMailboxes,
    RenameScript,
    Subscribe,
)
from angarium.engine.interface import SITE
from angarium.engine.rows import AccountId, ChangeRow
from angarium.errors import (
    AccountNotFound,
    ScriptActive,
    ScriptExists,
    ScriptLimitExceeded,
    ScriptNotFound,
    StoreBusy,
)


async def put(site: Site, name: str, content: bytes = b"keep;", *, activate: bool = False) -> Done:
    return await site.do(PutScript(name, content, AUTHOR, activate=activate), Done)


async def names(site: Site) -> list[str]:
    return [script.name + "*" * script.is_active for script in await site.engine.scripts(site.account)]


async def last_change(site: Site) -> ChangeRow:
    return (await site.engine.changes(site.account, since=(await site.row(site.inbox)).created_modseq, limit=99))[-1]


async def test_scripts_are_made_and_replaced(site: Site) -> None:
    assert await site.engine.scripts(site.account) == []
    assert await site.engine.script(site.account, "a") is None
    first = await put(site, "a", b"keep;")
    site.sources.time_s += 5
    second = await put(site, "a", b"\x00\xffdiscard;")
    script = await site.engine.script(site.account, "a")
    assert script is not None
    assert (script.name, script.content, script.is_active) == ("a", b"\x00\xffdiscard;", False)
    assert (script.modseq, script.changed_at_s) == (second.modseq, site.sources.time_s)
    assert second.modseq > first.modseq
    assert await site.engine.scripts(site.account) == [script]


async def test_scripts_are_listed_by_name(site: Site) -> None:
    for name in ("b", "ä", "A", "a b"):
        await put(site, name)
    assert await names(site) == ["A", "a b", "b", "ä"]


async def test_one_script_at_most_is_active(site: Site) -> None:
    assert await site.engine.active_script(site.account) is None
    await put(site, "a", activate=True)
    await put(site, "b")
    assert await names(site) == ["a*", "b"]
    changed = await site.do(ActivateScript("b", AUTHOR), Done)
    assert await names(site) == ["a", "b*"]
    assert {script.modseq for script in await site.engine.scripts(site.account)} == {changed.modseq}
    await put(site, "c", activate=True)
    assert await names(site) == ["a", "b", "c*"]
    await site.do(ActivateScript(None, AUTHOR), Done)
    assert await names(site) == ["a", "b", "c"]
    assert await site.engine.active_script(site.account) is None


async def test_the_active_script_is_always_the_present_one(site: Site) -> None:
    async def active() -> tuple[str, bytes] | None:
        script = await site.engine.active_script(site.account)
        assert script == next((each for each in await site.engine.scripts(site.account) if each.is_active), None)
        return None if script is None else (script.name, script.content)

    await put(site, "a", b"1", activate=True)
    assert await active() == ("a", b"1")
    await site.add(site.inbox, Draft())
    assert await active() == ("a", b"1")
    await put(site, "a", b"2")
    assert await active() == ("a", b"2")
    await site.do(RenameScript("a", "b", AUTHOR), Done)
    assert await active() == ("b", b"2")
    await put(site, "c", b"3", activate=True)
    assert await active() == ("c", b"3")
    await site.do(DeleteScript("b", AUTHOR), Done)
    await site.do(RenameScript("c", "b", AUTHOR), Done)
    assert await active() == ("b", b"3")
    await site.do(ActivateScript(None, AUTHOR), Done)
    assert await active() is None


async def test_what_changes_nothing_takes_no_modseq(site: Site) -> None:
    await put(site, "a", activate=True)
    await put(site, "b")
    before = await site.dump()
    for command in (
        PutScript("a", b"keep;", AUTHOR),
        PutScript("a", b"keep;", AUTHOR, activate=True),
        PutScript("b", b"keep;", AUTHOR, count_limit=0),
        ActivateScript("a", AUTHOR),
    ):
        await site.do(command, Done)
    assert await site.dump() == before
    await site.do(ActivateScript(None, AUTHOR), Done)
    before = await site.dump()
    await site.do(ActivateScript(None, AUTHOR), Done)
    assert await site.dump() == before


async def test_what_was_not_written_anew_keeps_its_time(site: Site) -> None:
    await put(site, "a")
    made_s = site.sources.time_s
    site.sources.time_s += 5
    for command in (PutScript("a", b"keep;", AUTHOR, activate=True), RenameScript("a", "b", AUTHOR)):
        changed = await site.do(command, Done)
        (script,) = await site.engine.scripts(site.account)
        assert (script.modseq, script.changed_at_s) == (changed.modseq, made_s)


async def test_there_are_no_more_than_the_limit(site: Site) -> None:
    for name in ("a", "b"):
        await site.do(PutScript(name, b"keep;", AUTHOR, count_limit=2), Done)
    await site.refuse(PutScript("c", b"keep;", AUTHOR, count_limit=2, activate=True), ScriptLimitExceeded)
    await site.do(PutScript("b", b"stop;", AUTHOR, count_limit=1), Done)
    await site.do(PutScript("c", b"stop;", AUTHOR, count_limit=3), Done)


async def test_scripts_that_cannot_be_changed_so(site: Site) -> None:
    await put(site, "a", activate=True)
    await put(site, "b")
    for command, refusal in (
        (ActivateScript("x", AUTHOR), ScriptNotFound),
        (DeleteScript("x", AUTHOR), ScriptNotFound),
        (DeleteScript("a", AUTHOR), ScriptActive),
        (RenameScript("x", "y", AUTHOR), ScriptNotFound),
        (RenameScript("x", "a", AUTHOR), ScriptNotFound),
        (RenameScript("b", "a", AUTHOR), ScriptExists),
        (RenameScript("a", "a", AUTHOR), ScriptExists),
    ):
        await site.refuse(command, refusal)
    await site.do(DeleteScript("b", AUTHOR), Done)
    assert await names(site) == ["a*"]


async def test_changes_stand_in_the_log_and_are_no_changes_of_names(site: Site) -> None:
    before = await site.engine.state(site.account)
    for command, operation, told in (
        (PutScript("a", b"keep;", AUTHOR), "putscript", {"name": "a", "is_new": True}),
        (ActivateScript("a", AUTHOR), "activatescript", {"name": "a", "active": None}),
        (PutScript("b", b"keep;", AUTHOR, activate=True), "putscript", {"name": "b", "is_new": True, "active": "a"}),
        (PutScript("b", b"stop;", AUTHOR), "putscript", {"name": "b", "is_new": False}),
        (ActivateScript(None, AUTHOR), "activatescript", {"name": None, "active": "b"}),
        (RenameScript("b", "c", AUTHOR), "renamescript", {"name": "b", "new_name": "c"}),
        (DeleteScript("c", AUTHOR), "deletescript", {"name": "c"}),
    ):
        modseq = (await site.do(command, Done)).modseq
        change = await last_change(site)
        assert (change.operation, change.modseq, change.mailbox, change.uids) == (operation, modseq, None, "")
        assert json.loads(change.before) == told
    after = await site.engine.state(site.account)
    assert after.folder_modseq == before.folder_modseq
    assert after.modseq == modseq


async def test_the_site_has_scripts_of_its_own(site: Site) -> None:
    heard: list[AccountId] = []
    end = site.engine.subscribe(heard.append)
    assert await site.engine.site_scripts() == []
    assert await site.engine.site_script("spam") is None
    await site.engine.put_site_script("spam", b"keep;")
    await site.engine.put_site_script("Ann", b"stop;")
    assert heard == [SITE, SITE]
    assert [script.name for script in await site.engine.site_scripts()] == ["Ann", "spam"]
    first = await site.engine.site_script("spam")
    assert first is not None
    assert (first.content, first.is_active, first.changed_at_s) == (b"keep;", False, site.sources.time_s)
    await site.engine.remove_site_script("spam")
    assert await site.engine.site_script("spam") is None
    await site.engine.put_site_script("spam", b"stop;")
    second = await site.engine.site_script("spam")
    assert second is not None
    assert (second.content, second.modseq != first.modseq) == (b"stop;", True)
    with pytest.raises(ScriptNotFound):
        await site.engine.remove_site_script("ham")
    assert await site.engine.scripts(site.account) == []
    end()


async def test_who_is_not_there_has_no_scripts(site: Site) -> None:
    nobody = AccountId("z" * 24)
    for reading in (site.engine.scripts(nobody), site.engine.script(nobody, "a"), site.engine.active_script(nobody)):
        with pytest.raises(AccountNotFound):
            await reading
    await site.engine.close()
    with pytest.raises(StoreBusy):
        await site.engine.put_site_script("a", b"keep;")


async def test_a_successor_has_nothing_of_whom_was_deleted_and_who_is_brought_back_has_all(site: Site) -> None:
    await put(site, "redirect", b'redirect "old@example.net";', activate=True)
    await site.do(Subscribe("user.bob.lists", AUTHOR), Done)
    gone = RenameMailboxes((MailboxRename(site.inbox, "gone.0", site.sources.time_s),), AUTHOR)
    await site.do(gone, Done)
    await site.do(RenameMailboxes((MailboxRename(site.inbox, ""),), AUTHOR), Done)
    assert await names(site) == ["redirect*"]

    await site.do(gone, Done)
    done = await site.do(CreateMailboxes((site.new_mailbox(""),), AUTHOR), Done)
    assert await names(site) == []
    assert await site.engine.active_script(site.account) is None
    (subscription,) = await site.engine.subscriptions(site.account)
    assert (subscription.subscribed, subscription.modseq) == (False, done.modseq)


async def test_a_further_mailbox_changes_nothing_of_scripts(site: Site) -> None:
    await put(site, "keep", activate=True)
    await site.create("work")
    assert await names(site) == ["keep*"]
