"""LANGUAGE (RFC 5255 §3), and NAMESPACE, which tells its prefixes in that language too (RFC 9051 §6.3.10, RFC 2342)."""

from typing import Final

from angarium.imap import commands as c
from angarium.imap.errors import Answer
from angarium.imap.languages import TAGS, find_language
from angarium.imap.responses import Condition
from angarium.imap.serializer import Namespace, serialize_language, serialize_namespace
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.languages import RangeInvalid, choose_tag
from angarium.names import MailboxName, Namespaces, modutf7

_INVALID: Final = Answer(b"Invalid language range", condition=Condition.BAD)
_UNSUPPORTED: Final = Answer(b"Unsupported language")


async def language(session: ImapSession, command: c.Language) -> Completion:
    """LANGUAGE: the new language holds from its response on, and after a refusal the old one."""
    if not command.ranges:
        session.output.write(serialize_language(TAGS))
        return Completion(b"Supported languages have been listed")
    try:
        tag = choose_tag(command.ranges, TAGS, preferred=session.services.settings.imap.defaultlanguage)
    except RangeInvalid as error:
        raise CommandFailed(_INVALID) from error
    if tag is None:
        raise CommandFailed(_UNSUPPORTED)
    # Before anything changes, since the store may refuse to say it now
    prefixes = await _find_prefixes(session) if session.actor is not None else None
    session.language = find_language(tag)
    session.output.write(serialize_language([tag]))
    if prefixes is not None:
        _send_namespace(session, prefixes)
    return Completion(b"Language changed")


async def namespace(session: ImapSession, _: c.Namespace) -> Completion:
    """NAMESPACE."""
    _send_namespace(session, await _find_prefixes(session))
    return COMPLETED


async def _find_prefixes(session: ImapSession) -> Namespaces:
    """No personal one while the user has no INBOX."""
    userid = session.user.userid
    tree = await session.services.store.tree_of(MailboxName.of_user(userid)) if userid is not None else None
    has_inbox = tree is not None and userid is not None and tree.find(MailboxName.of_user(userid)) is not None
    return session.names.namespaces(has_inbox=has_inbox)


def _send_namespace(session: ImapSession, prefixes: Namespaces) -> None:
    separator = prefixes.separator.encode("ascii")
    translations: dict[bytes, bytes] = {}
    if session.language is not None:
        for prefix in (*prefixes.personal, *prefixes.other_users, *prefixes.shared):
            translation = session.language.translate_prefix(prefix, prefixes.separator)
            if translation is not None:
                # In modified UTF-7, whatever is enabled (RFC 5255 §3.5)
                translations[session.encode_text(prefix)] = modutf7.encode(translation)

    def pairs(found: tuple[str, ...]) -> Namespace:
        return [(session.encode_text(prefix), separator) for prefix in found]

    session.output.write(
        serialize_namespace(
            pairs(prefixes.personal), pairs(prefixes.other_users), pairs(prefixes.shared), translations=translations
        )
    )
