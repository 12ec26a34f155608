"""enclose (RFC 5703 §6)."""

from angarium.compose.mailboxes import is_address
from angarium.sieve.arguments import Arguments
from angarium.sieve.rebuilding import enclosing
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag

_MAX_ENCLOSURES = 10
_OCTETS_OF_STEP = 64
_STEPS = 100


def _enclose(arguments: Arguments) -> Action:
    text = arguments.text("text")
    subject = arguments.tag_text("subject")
    headers = arguments.tag_texts("headers")
    arguments.needs_body()

    def enclose(run: Run) -> None:
        value = text.value(run)
        run.spend(_STEPS + len(value) // _OCTETS_OF_STEP)
        enclosures = run.store.get("enclose", 0)
        assert isinstance(enclosures, int)
        if enclosures == _MAX_ENCLOSURES:
            run.fail(f"the message is enclosed more than {_MAX_ENCLOSURES} times")
        run.store["enclose"] = enclosures + 1
        host = run.environment.items.get("host") or "localhost"
        new, place = enclosing(
            run.message,
            value,
            subject=None if subject is None else subject.value(run),
            copied=() if headers is None else [name.lower() for name in headers.values(run)],
            author=_author(run, host),
            now=run.environment.now,
            host=host,
        )
        run.message.enclose(new, place)

    return enclose


def _author(run: Run, host: str) -> str:
    """The user whose script it is, by her address."""
    recipient = "" if run.envelope is None else run.envelope.to
    address = recipient or run.environment.items.get("imap.email", "")
    candidates = (address, f"{address}@{host}", f"postmaster@{host}")
    return next((candidate for candidate in candidates if is_address(candidate)), "postmaster@localhost")


SPECIFICATIONS = (
    CommandSpecification(
        "enclose",
        _enclose,
        ("enclose",),
        parameters=(Parameter("text", Kind.STRING),),
        tags=(Tag("subject", kind=Kind.STRING), Tag("headers", kind=Kind.STRINGS)),
    ),
)
