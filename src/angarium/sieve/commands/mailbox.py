"""Tests of mailboxes: mailboxexists, metadata and servermetadata (RFC 5490), specialuse_exists (RFC 8579), and
mailboxidexists (RFC 9042)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.facts import MailboxExists, MailboxIdExists, MetadataOf, SpecialUseExists
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Parameter, Test, TestSpecification


def _mailboxexists(arguments: Arguments) -> Test:
    names = arguments.texts("mailboxes")
    return lambda run: all(run.ask(MailboxExists(name)) is True for name in names.values(run))


def _mailboxidexists(arguments: Arguments) -> Test:
    ids = arguments.texts("mailbox ids")
    return lambda run: all(run.ask(MailboxIdExists(mailbox_id)) is True for mailbox_id in ids.values(run))


def _specialuse_exists(arguments: Arguments) -> Test:
    mailbox = arguments.text("mailbox") if arguments.has_parameter("mailbox") else None
    uses = arguments.texts("special uses")

    def specialuse_exists(run: Run) -> bool:
        name = mailbox.value(run) if mailbox else None
        return run.ask(SpecialUseExists(name, uses.values(run))) is True

    return specialuse_exists


def _metadata(arguments: Arguments) -> Test:
    mailbox, entry = arguments.text("mailbox"), arguments.text("annotation")
    compare = comparison(arguments, arguments.texts("keys"))

    def metadata(run: Run) -> bool:
        value = run.ask(MetadataOf(mailbox.value(run), entry.value(run)))
        return isinstance(value, str) and compare(run, (value,))

    return metadata


def _metadataexists(arguments: Arguments) -> Test:
    mailbox, entries = arguments.text("mailbox"), arguments.texts("annotations")

    def metadataexists(run: Run) -> bool:
        name = mailbox.value(run)
        return all(run.ask(MetadataOf(name, entry)) is not None for entry in entries.values(run))

    return metadataexists


def _servermetadata(arguments: Arguments) -> Test:
    entry = arguments.text("annotation")
    compare = comparison(arguments, arguments.texts("keys"))

    def servermetadata(run: Run) -> bool:
        value = run.ask(MetadataOf(None, entry.value(run)))
        return isinstance(value, str) and compare(run, (value,))

    return servermetadata


def _servermetadataexists(arguments: Arguments) -> Test:
    entries = arguments.texts("annotations")
    return lambda run: all(run.ask(MetadataOf(None, entry)) is not None for entry in entries.values(run))


_MAILBOX = Parameter("mailbox", Kind.STRING)
_ANNOTATION = Parameter("annotation", Kind.STRING)
_ANNOTATIONS = Parameter("annotations", Kind.STRINGS)
_KEYS = Parameter("keys", Kind.STRINGS)

SPECIFICATIONS = (
    TestSpecification(
        "mailboxexists", _mailboxexists, ("mailbox",), parameters=(Parameter("mailboxes", Kind.STRINGS),)
    ),
    TestSpecification(
        "mailboxidexists", _mailboxidexists, ("mailboxid",), parameters=(Parameter("mailbox ids", Kind.STRINGS),)
    ),
    TestSpecification(
        "specialuse_exists",
        _specialuse_exists,
        ("special-use",),
        parameters=(Parameter("mailbox", Kind.STRING, optional=True), Parameter("special uses", Kind.STRINGS)),
    ),
    TestSpecification(
        "metadata", _metadata, ("mboxmetadata",), parameters=(_MAILBOX, _ANNOTATION, _KEYS), tags=COMPARISON_TAGS
    ),
    TestSpecification("metadataexists", _metadataexists, ("mboxmetadata",), parameters=(_MAILBOX, _ANNOTATIONS)),
    TestSpecification(
        "servermetadata", _servermetadata, ("servermetadata",), parameters=(_ANNOTATION, _KEYS), tags=COMPARISON_TAGS
    ),
    TestSpecification("servermetadataexists", _servermetadataexists, ("servermetadata",), parameters=(_ANNOTATIONS,)),
)
