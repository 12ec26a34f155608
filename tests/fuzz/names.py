"""Names of mailboxes and users as clients spell them, and LIST patterns."""

from typing import Final

from angarium.errors import MailboxNameInvalid, UserNameInvalid
from angarium.names import ListPattern, MailboxName, NameSettings, Namespace, UserId, modutf7, parse_userid

SEEDS: Final = [
    b"\x00INBOX/Work",
    b"\x01Other Users/bob/Entw&APw-rfe",
    b"\x02Shared Folders/a&-b/%/*",
    b"\x03user/alice/INBOX/sub",
    b"\x04Alt Folders/inbox",
    b"\x05INBOX.Work.%*%",
    b"\x06user.bob@example.com",
    b"\x07&2D3eAA-/&ZeVnLIqe-",
]
"""The first octet is what is set, and who asks."""
WORDS: Final = [
    *(b"INBOX", b"inbox", b"Other Users", b"Shared Folders", b"Alt Folders", b"user", b"alice", b"DELETED", b"/", b"."),
    *(
        b"//",
        b"&-",
        b"&APw-",
        b"&2D3eAA-",
        b"&",
        b"-",
        b"%",
        b"*",
        b"@",
        b"^",
        b"~",
        b"\0",
        b"\xff",
        b"\xc3\xbc",
        b"\xe2\x80\xa8",
    ),
]


def run(data: bytes) -> None:
    """What can be read leads back to the same name."""
    if not data:
        return
    settings = NameSettings(unixhierarchysep=bool(data[0] & 1), altnamespace=bool(data[0] & 2))
    namespace = Namespace(settings, UserId("alice"), is_admin=bool(data[0] & 4))
    texts = [data[1:].decode("utf-8", "replace")]
    try:
        texts.append(modutf7.decode(data[1:]))
        assert modutf7.decode(modutf7.encode(texts[-1])) == texts[-1]
    except MailboxNameInvalid:
        pass
    for text in texts:
        _run_name(namespace, text)
        _run_pattern(text, namespace.separator)
        try:
            user = parse_userid(text, settings)
            assert parse_userid(str(user), settings) == user
        except UserNameInvalid:
            pass


def _run_name(namespace: Namespace, text: str) -> None:
    try:
        name = namespace.to_internal(text)
    except MailboxNameInvalid:
        return
    assert MailboxName.from_internal(name.internal) == name
    if namespace.shows(name):
        assert namespace.to_internal(namespace.to_external(name)) == name


def _run_pattern(text: str, separator: str) -> None:
    reference, _, pattern = text.partition("|")
    listed = ListPattern(reference, pattern, separator)
    for name in (text, "INBOX", f"a{separator}b{separator}c"):
        if listed.matches(name):
            assert name.casefold().startswith(listed.literal_prefix.casefold())
        listed.matching_parents(name)
    everything = ListPattern("", "*", separator)
    assert everything.matches(text)
