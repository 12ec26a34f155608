"""LANGUAGE in sessions: each language, what it leaves alone, and what becomes of it (RFC 5255 §3)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from tests.imap.transcript import Connection, log_in, open_services

from angarium.errors import StoreBusy
from angarium.imap import dispatch
from angarium.imap.languages import TAGS
from angarium.imap.services import ImapServices
from angarium.names import MailboxName
from angarium.store import Store
from angarium.worker import MessageFiles

_NOT_THERE: Final = {
    "de": "Der Ordner existiert nicht",
    "en": "Mailbox does not exist",
    "es": "La carpeta no existe",
    "fr": "Le dossier n'existe pas",
    "it": "La cartella non esiste",
    "nl": "De map bestaat niet",
    "i-default": "Mailbox does not exist",
}
_SHARED: Final = {
    "de": ' "TRANSLATION" ("Gemeinsame Ordner/")',
    "en": "",
    "es": ' "TRANSLATION" ("Carpetas compartidas/")',
    "fr": ' "TRANSLATION" ("Dossiers partag&AOk-s/")',
    "it": ' "TRANSLATION" ("Cartelle condivise/")',
    "nl": ' "TRANSLATION" ("Gedeelde mappen/")',
    "i-default": "",
}


def _run(test: Callable[[ImapServices], Awaitable[None]], directory: Path, options: str = "") -> None:
    async def talk() -> None:
        async with open_services("memory", directory, options) as services:
            await test(services)

    asyncio.run(talk())


def _stranger(services: ImapServices) -> Connection:
    stranger = Connection(services, "stranger", is_tls=False, by_octet=False)
    stranger.pending_lines()
    return stranger


@pytest.mark.parametrize("tag", TAGS)
def test_each_language_is_spoken(tag: str, tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        told, namespace, _ = await alice.ask(f"a LANGUAGE {tag}")
        assert told == f"* LANGUAGE ({tag})"
        assert namespace.endswith(f' (("Shared Folders/" "/"{_SHARED[tag]}))')
        assert await alice.ask("a SELECT Nowhere") == [f"a NO [NONEXISTENT] {_NOT_THERE[tag]}"]

    _run(test, tmp_path)


@pytest.mark.parametrize("tag", TAGS)
def test_each_language_can_be_what_an_administrator_prefers(tag: str, tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        stranger = _stranger(services)
        assert await stranger.ask("a NOOP") == ["a OK Completed"]
        assert (await stranger.ask("a LANGUAGE default"))[0] == f"* LANGUAGE ({tag})"

    _run(test, tmp_path, f"defaultlanguage: {tag}")


def test_a_stranger_is_not_told_of_namespaces(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        assert await _stranger(services).ask("a LANGUAGE de") == ["* LANGUAGE (de)", "a OK Sprache wurde gewechselt"]

    _run(test, tmp_path)


def test_a_client_that_does_not_ask_has_no_language(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
        await bob.ask("a LANGUAGE de")
        await alice.ask("a LANGUAGE")
        assert alice.session.language is None
        assert await alice.ask("a NAMESPACE") == [
            '* NAMESPACE (("" "/")) (("Other Users/" "/")) (("Shared Folders/" "/"))',
            "a OK Completed",
        ]

    _run(test, tmp_path, "defaultlanguage: fr")


def test_a_store_that_is_busy_leaves_the_language_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(_store: Store, _name: MailboxName) -> None:
        raise StoreBusy("a queue is full")

    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a LANGUAGE nl")
        with monkeypatch.context() as patch:
            patch.setattr(Store, "tree_of", busy)
            assert await alice.ask("a LANGUAGE de") == [
                "a NO [UNAVAILABLE] De server is bezet, probeer het opnieuw",
            ]
        assert await alice.ask("a NOOP") == ["a OK Voltooid"]

    _run(test, tmp_path)


def test_the_last_words_are_in_the_language_too(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a LANGUAGE it")
        dispatch.server_bug(alice.session)
        assert alice.pending_lines() == ["* BYE [SERVERBUG] Errore interno, la connessione viene chiusa"]
        stranger = _stranger(services)
        await stranger.ask("a LANGUAGE es")
        assert await stranger.ask("GET / HTTP/1.1") == [
            "GET BAD Inicie sesión primero",
            "* BYE Esto no es un servidor web",
        ]

    _run(test, tmp_path)


def test_what_the_administrator_writes_stays_as_it_is(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a LANGUAGE de")
        # Even where it is one of our own texts
        (tmp_path / "shutdown").write_text("Server shutting down\n")
        assert isinstance(services.alerts, MessageFiles)
        services.alerts.read(tmp_path)
        assert (await alice.ask("a NOOP"))[-1] == "* BYE [ALERT] Server shutting down"

    _run(test, tmp_path)


def test_a_warning_of_ours_is_in_the_language(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice, admin = await log_in(services, "alice"), await log_in(services, "cyrus")
        await alice.ask("a APPEND INBOX {9+}\r\nA: b\r\n\r\nx")
        await admin.ask("a SETQUOTA user/alice (MESSAGE 1)")
        await alice.ask("a LANGUAGE fr")
        assert (await alice.ask("a SELECT INBOX"))[0] == "* NO [ALERT] Le quota MESSAGE est utilisé à 100 %"

    _run(test, tmp_path, "quotawarn: 50\nquotawarnmsg: 2")


def test_texts_are_in_the_language_where_the_connection_is_compressed(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a LANGUAGE es")
        assert await alice.ask("a COMPRESS DEFLATE") == ["a OK DEFLATE activo"]

    _run(test, tmp_path)


def test_words_of_the_client_stay_as_they_are(tmp_path: Path) -> None:
    async def test(services: ImapServices) -> None:
        alice = await log_in(services, "alice")
        await alice.ask("a LANGUAGE de")
        await alice.ask("a SELECT INBOX")
        assert await alice.ask("a FETCH 1 FLAGS (Completed)") == ["a BAD Ungültiger Zusatz Completed zu Fetch"]
        assert await alice.ask('a SETACL INBOX bob "l r"') == ["a BAD Das Recht   wird nicht unterstützt"]

    _run(test, tmp_path)
