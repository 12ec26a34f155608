"""body (RFC 5173). `:text` takes the text parts as they are, markup and all (§5.3)."""

from collections.abc import Callable, Sequence
from functools import partial

from angarium import mime
from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.entity import Entity, merged, read_pieces
from angarium.sieve.message import Message
from angarium.sieve.run import Interrupted, Run, Tired
from angarium.sieve.specification import Kind, Parameter, Tag, Test, TestSpecification

_STEPS_OF_ENTITY = 10
_OCTETS_OF_STEP = 1024

_Text = Callable[[], str]
"""One of the texts that are compared; read when it is its turn, as it may be long."""
_Texts = Callable[[Run], Sequence[_Text]]


def _body(arguments: Arguments) -> Test:
    texts = _texts(arguments)
    compare = comparison(arguments, arguments.texts("keys"), in_turns=True)
    counts = arguments.has("count")
    place_key = object()
    arguments.needs_body()

    def any_text(run: Run) -> bool:
        found = texts(run)
        place = run.progress.pop(place_key, 0)
        try:
            while place < len(found):
                if compare(run, (found[place](),)):
                    return True
                place += 1
                if run.steps >= run.pause_at and place < len(found):
                    raise Tired
        except Interrupted:
            run.progress[place_key] = place
            raise
        return False

    def body(run: Run) -> bool:
        captures = run.scope.captures
        try:
            return compare(run, [""] * len(texts(run))) if counts else any_text(run)
        finally:
            run.scope.captures = captures  # RFC 5173 §6: a match in a body captures nothing

    return body


def _texts(arguments: Arguments) -> _Texts:
    if arguments.has("raw"):
        return _raw
    types = arguments.tag_texts("content")
    if types is None:
        return lambda run: _contents(run, ("text",))
    return lambda run: _contents(run, types.values(run))


def _raw(run: Run) -> Sequence[_Text]:
    run.spend(len(run.message.viewed.part.children))
    text = run.message.raw_body(run.limits.body_octets)
    return () if text is None else (lambda: text,)


def _contents(run: Run, types: Sequence[str]) -> Sequence[_Text]:
    """What the parts of these types hold (RFC 5173 §5.2)."""
    message = run.message
    if not message.viewed.has_body:
        return ()
    wanted = {content_type.lower() for content_type in types}
    texts: list[_Text] = []
    for entity in message.viewed.walk():
        run.spend(_STEPS_OF_ENTITY)
        if _is_wanted(entity.media_type, wanted):
            texts.extend(partial(_read, run, entity, read) for read in _readers(entity, run.message))
    return texts


def _read(run: Run, entity: Entity, read: Callable[[int], str]) -> str:
    limit = run.limits.body_octets
    run.spend(min(entity.part.body_size, limit) // _OCTETS_OF_STEP)
    return read(limit)


def _is_wanted(media_type: str, wanted: set[str]) -> bool:
    return "" in wanted or media_type in wanted or media_type.partition("/")[0] in wanted


def _readers(entity: Entity, message: Message) -> Sequence[Callable[[int], str]]:
    """What gives the texts of an entity, as far as a number of octets."""
    if entity.part.is_multipart:
        return (
            lambda limit: mime.decode(entity.prologue(limit), ""),
            lambda limit: mime.decode(entity.epilogue(limit), ""),
        )
    if entity.part.is_message:
        return (
            lambda limit: mime.decode(read_pieces(merged(entity.children[0].header_pieces()), message.view, limit), ""),
        )
    return (lambda limit: message.body_text(entity, limit),)


SPECIFICATIONS = (
    TestSpecification(
        "body",
        _body,
        ("body",),
        parameters=(Parameter("keys", Kind.STRINGS),),
        tags=(
            *COMPARISON_TAGS,
            Tag("raw", group="body transform"),
            Tag("content", kind=Kind.STRINGS, group="body transform"),
            Tag("text", group="body transform"),
        ),
    ),
)
