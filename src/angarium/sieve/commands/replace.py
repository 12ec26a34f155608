"""replace (RFC 5703 §5)."""

from collections.abc import Callable

from angarium.compose.fields import list_field, text_field
from angarium.compose.mailboxes import parse_mailboxes
from angarium.sieve.arguments import Arguments
from angarium.sieve.partloop import current_entity, put_in_place
from angarium.sieve.rebuilding import NewFields, mime_part, replacement, text_part
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag

_OCTETS_OF_STEP = 64
_STEPS = 100
_STEPS_OF_PART = 4
_MAX_DEPTH = 150
"""Parts in parts, of which the new one may bring more."""

_Field = Callable[[Run], bytes | None]


def _replace(arguments: Arguments) -> Action:
    is_mime = arguments.has("mime")
    for tag in ("subject", "from"):
        if is_mime and arguments.has(tag):
            raise arguments.wrong(f'":{tag}" cannot be given together with ":mime"', arguments.position_of(tag))
    text = arguments.text("replacement")
    subject, from_ = _subject(arguments), _from(arguments)
    arguments.needs_body()

    def replace(run: Run) -> None:
        value = text.value(run)
        entity = current_entity(run)
        # Whoever reads the whole between two replacements has it put together anew.
        parts = entity.company if run.message.is_edition_known else 0
        run.spend(_STEPS + len(value) // _OCTETS_OF_STEP + parts * _STEPS_OF_PART)
        if entity.depth > _MAX_DEPTH:
            run.fail(f"a part that stands in more than {_MAX_DEPTH} others is replaced")
        part = mime_part(value) if is_mime else text_part(value, entity.boundaries)
        is_whole = entity is run.message.root
        new = replacement(entity, part, NewFields(subject(run), from_(run)) if is_whole else NewFields())
        put_in_place(run, entity, new)

    return replace


def _subject(arguments: Arguments) -> _Field:
    text = arguments.tag_text("subject")
    if text is None:
        return lambda _run: None
    return lambda run: text_field("Subject", text.value(run))


def _from(arguments: Arguments) -> _Field:
    text = arguments.tag_text("from")
    if text is None:
        return lambda _run: None
    mailboxes = arguments.parsed(text, parse_mailboxes, _not_mailboxes)
    return lambda run: list_field("From", map(str, mailboxes(run)))


def _not_mailboxes(text: str) -> str:
    return f'":from" takes mail addresses, not "{text[:60]}"'


SPECIFICATIONS = (
    CommandSpecification(
        "replace",
        _replace,
        ("replace",),
        parameters=(Parameter("replacement", Kind.STRING),),
        tags=(Tag("mime"), Tag("subject", kind=Kind.STRING), Tag("from", kind=Kind.STRING)),
    ),
)
