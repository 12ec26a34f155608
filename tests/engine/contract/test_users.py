"""What is stored of users beside their mail."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.engine.contract.conftest import START_S, Site

from angarium.engine.rows import CredentialRow
from angarium.engine.users import (
    EVERYBODY,
    LOGINS_KEPT,
    ActivateTotp,
    AddAppPassword,
    AddCredential,
    AppPasswordRow,
    AppPasswordUse,
    ChangePassword,
    DenialRow,
    LoginRow,
    PutDenial,
    PutSharedSecret,
    PutTotp,
    RemoveAppPassword,
    RemoveDenial,
    RemoveSharedSecret,
    RemoveTotp,
    SharedSecretRow,
    TotpRow,
    UpgradeHash,
    UserRow,
    UseTotpStep,
)
from angarium.errors import UserNotFound

SMITH = CredentialRow("smith", "{SSHA}abc", "", 7, False, START_S, START_S)
PHONE = AppPasswordRow("smith", 4711, "phone", ("imap", "pop"), START_S, START_S + 60, b"salt", b"\x00digest")
LAPTOP = AppPasswordRow("smith", 1 << 60, "laptop", (), START_S, None, b"other salt", b"other digest")
TOTP = TotpRow("smith", b"\x00secret", is_active=False, last_step=-1)
SHARED = SharedSecretRow("smith", "", "pässword", 1 << 60)
DENIAL = DenialRow("smith", "imap*,!imaps", "Pay first")


def login(number: int, **fields: str) -> LoginRow:
    parts = {"userid": "smith", "service": "imap", "address": "192.0.2.7", "client": "", "mechanism": "PLAIN"} | fields
    return LoginRow(**parts, at_s=START_S + number, session=f"session-{number}")  # type: ignore[arg-type]


async def test_nothing_is_known_of_a_stranger(site: Site) -> None:
    assert await site.engine.user("smith") == UserRow("smith")
    assert (await site.engine.users(), await site.engine.denials()) == ([], [])
    assert (await site.engine.logins("smith"), await site.engine.app_password_uses("smith")) == ([], {})


async def test_a_user_is_all_that_was_stored_of_her(site: Site) -> None:
    await site.engine.change_user(AddCredential(SMITH))
    for change in (
        AddAppPassword(PHONE),
        AddAppPassword(LAPTOP),
        PutTotp(TOTP),
        PutSharedSecret(SHARED),
        PutSharedSecret(replace(SHARED, realm="example.org", version=2)),
        PutDenial(DENIAL),
        PutDenial(DenialRow(EVERYBODY, "*", "Closed")),
    ):
        assert await site.engine.change_user(change)
    everybodys = DenialRow(EVERYBODY, "*", "Closed")
    smith = UserRow(
        "smith",
        SMITH,
        (LAPTOP, PHONE),
        TOTP,
        (SHARED, replace(SHARED, realm="example.org", version=2)),
        (everybodys, DENIAL),
    )
    assert await site.engine.user("smith") == smith
    assert await site.engine.user("jones") == UserRow("jones", denials=(everybodys,))
    assert await site.engine.users() == [smith]
    assert await site.engine.denials() == [everybodys, DENIAL]
    assert await site.engine.credential("smith") == SMITH


async def test_a_name_is_that_of_one_app_password(site: Site) -> None:
    assert await site.engine.change_user(AddAppPassword(PHONE))
    assert not await site.engine.change_user(AddAppPassword(replace(LAPTOP, name="phone")))
    assert (await site.engine.user("smith")).app_passwords == (PHONE,)
    assert await site.engine.change_user(AddAppPassword(replace(PHONE, userid="jones")))
    assert await site.engine.change_user(RemoveAppPassword("smith", "phone"))
    assert not await site.engine.change_user(RemoveAppPassword("smith", "phone"))
    assert (await site.engine.user("smith")).app_passwords == ()
    assert [user.userid for user in await site.engine.users()] == ["jones"]


async def test_a_step_is_used_once_and_none_before_it(site: Site) -> None:
    assert not await site.engine.change_user(UseTotpStep("smith", 5))
    await site.engine.change_user(PutTotp(TOTP))
    assert [await site.engine.change_user(UseTotpStep("smith", step)) for step in (5, 5, 4, 6)] == [
        True,
        False,
        False,
        True,
    ]
    assert (await site.engine.user("smith")).totp == replace(TOTP, last_step=6)
    assert await site.engine.change_user(RemoveTotp("smith"))
    assert not await site.engine.change_user(RemoveTotp("smith"))


async def test_a_second_factor_is_active_once_its_own_code_was_seen_and_none_takes_its_place(site: Site) -> None:
    assert not await site.engine.change_user(ActivateTotp("smith", TOTP.secret, 5))
    other = replace(TOTP, secret=b"of a later try")
    for totp in (TOTP, other):
        assert await site.engine.change_user(PutTotp(totp))
        assert (await site.engine.user("smith")).totp == totp
    assert not await site.engine.change_user(ActivateTotp("smith", TOTP.secret, 5))
    assert await site.engine.change_user(ActivateTotp("smith", other.secret, 5))
    assert not await site.engine.change_user(ActivateTotp("smith", other.secret, 5))
    assert not await site.engine.change_user(PutTotp(TOTP))
    assert (await site.engine.user("smith")).totp == replace(other, is_active=True, last_step=5)


async def test_secrets_and_denials_are_replaced_and_removed(site: Site) -> None:
    for secret in (SHARED, replace(SHARED, secret="other", version=3)):
        await site.engine.change_user(PutSharedSecret(secret))
        assert (await site.engine.user("smith")).shared_secrets == (secret,)
    assert site.engine.has_shared_secrets()
    assert not await site.engine.change_user(RemoveSharedSecret("smith", "example.org"))
    assert await site.engine.change_user(RemoveSharedSecret("smith", ""))
    assert not site.engine.has_shared_secrets()
    for denial in (DENIAL, replace(DENIAL, services="*")):
        await site.engine.change_user(PutDenial(denial))
        assert await site.engine.denials() == [denial]
    assert await site.engine.users() == []
    assert await site.engine.change_user(RemoveDenial("smith"))
    assert not await site.engine.change_user(RemoveDenial("smith"))
    assert await site.engine.denials() == []


async def test_a_hash_is_upgraded_where_it_is_still_the_same(site: Site) -> None:
    upgrade = UpgradeHash("smith", "{SSHA}abc", "$argon2id$new", "{}")
    assert not await site.engine.change_user(upgrade)
    await site.engine.change_user(AddCredential(SMITH))
    assert await site.engine.change_user(upgrade)
    assert await site.engine.credential("smith") == replace(SMITH, password_hash="$argon2id$new", scram="{}")
    await site.engine.change_user(ChangePassword("smith", "of another password", "{}", 1, START_S + 1))
    assert not await site.engine.change_user(upgrade)
    assert (await site.engine.user("smith")).credential == replace(
        SMITH, password_hash="of another password", scram="{}", version=8, changed_at_s=START_S + 1
    )


async def test_who_is_removed_leaves_nothing_but_a_denial(site: Site) -> None:
    for userid in ("smith", "jones"):
        await site.engine.change_user(AddCredential(replace(SMITH, userid=userid)))
        await site.engine.change_user(AddAppPassword(replace(PHONE, userid=userid)))
        await site.engine.change_user(PutTotp(replace(TOTP, userid=userid)))
        await site.engine.change_user(PutSharedSecret(replace(SHARED, userid=userid)))
        site.engine.note_login(login(1, userid=userid)._replace(app_password=4711, app_password_name="phone"))
    jones = await site.engine.user("jones")
    await site.engine.change_user(PutDenial(DENIAL))
    await site.engine.remove_credential("smith")
    assert await site.engine.user("smith") == UserRow("smith", denials=(DENIAL,))
    assert (await site.engine.logins("smith"), await site.engine.app_password_uses("smith")) == ([], {})
    assert await site.engine.users() == [jones]
    assert len(await site.engine.logins("jones")) == len(await site.engine.app_password_uses("jones")) == 1
    with pytest.raises(UserNotFound):
        await site.engine.remove_credential("smith")


@pytest.mark.parametrize("change", [AddAppPassword(PHONE), PutTotp(TOTP), PutSharedSecret(SHARED)], ids=type)
async def test_who_has_no_credential_is_removed_too(
    site: Site, change: AddAppPassword | PutTotp | PutSharedSecret
) -> None:
    await site.engine.change_user(change)
    await site.engine.remove_credential("smith")
    assert await site.engine.user("smith") == UserRow("smith")


def numbers(logins: Sequence[LoginRow]) -> list[int]:
    return [each.at_s - START_S for each in logins]


async def test_the_last_logins_are_kept_newest_first(site: Site) -> None:
    first = login(0, client="A phone")._replace(app_password=4711, app_password_name="phone")
    site.engine.note_login(first)
    assert await site.engine.logins("smith") == [first]
    for number in range(1, LOGINS_KEPT + 3):
        site.engine.note_login(login(number, userid="smith"))
        site.engine.note_login(login(number, userid="jones"))
    assert numbers(await site.engine.logins("smith")) == list(range(LOGINS_KEPT + 2, 2, -1))
    site.engine.note_login(login(50))
    assert numbers(await site.engine.logins("smith")) == [50, *range(LOGINS_KEPT + 2, 3, -1)]
    assert numbers(await site.engine.logins("jones")) == list(range(LOGINS_KEPT + 2, 2, -1))
    # Its last use is known for longer.
    assert await site.engine.app_password_uses("smith") == {4711: AppPasswordUse(START_S, "192.0.2.7")}


async def test_a_login_for_somebody_else_says_whose_it_was(site: Site) -> None:
    acted = login(1)._replace(app_password=4711, app_password_name="webmail", acted_by="jones")
    site.engine.note_login(acted)
    assert await site.engine.logins("smith") == [acted]
    assert await site.engine.logins("jones") == []
    assert await site.engine.app_password_uses("smith") == {}
    assert await site.engine.app_password_uses("jones") == {4711: AppPasswordUse(acted.at_s, "192.0.2.7")}


async def test_the_secret_of_the_site_stays(site: Site) -> None:
    secret = await site.engine.site_secret()
    assert len(secret) == 32
    assert await site.engine.site_secret() == secret
