"""Commands written by a serializer that exists here alone parse to what was written."""

from datetime import date
from typing import assert_never

from hypothesis import given
from hypothesis import strategies as st

from angarium import fetchitem as f
from angarium import searchkey as k
from angarium.flags import SYSTEM_FLAG_NAMES, SystemFlags
from angarium.imap import commands as c
from angarium.imap.dialect import EVERYTHING
from angarium.imap.events import CommandReceived, LiteralWanted
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State
from angarium.imap.terminals import serialize_astring as astring
from angarium.imap.terminals import serialize_flags, serialize_nstring
from angarium.sequenceset import SequenceSet
from angarium.sortcriteria import SortCriterion, SortKey

R = c.SearchReturn

# Values

OCTETS = st.binary(max_size=12).map(lambda octets: octets.replace(b"\0", b"")) | st.sampled_from([b"NIL", b"INBOX"])
ATOMS = st.text("abcXYZ019-$.", min_size=1, max_size=8).filter(lambda text: text[0].isalpha())
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(0, 2**63 - 1)
DAYS = st.dates(date(1970, 1, 1), date(2100, 1, 1))
SETS = st.sampled_from([b"1", b"1:*", b"4:2,9", b"*", b"$", b"4294967295"]).map(SequenceSet.parse)
FLAGS = st.lists(ATOMS | st.sampled_from(list(SYSTEM_FLAG_NAMES.values())), unique=True, max_size=4).map(tuple)

PARTS = st.lists(st.integers(1, 99), max_size=3).map(tuple)
PARTIALS = st.none() | st.builds(f.Partial, NUMBERS, st.integers(1, 2**63 - 1))
FIELDS = st.lists(ATOMS.map(str.encode) | st.just(b"x y"), min_size=1, max_size=3).map(tuple)
FIELD_KINDS = st.sampled_from([f.SectionKind.HEADER_FIELDS, f.SectionKind.HEADER_FIELDS_NOT])
PLAIN_KINDS = st.sampled_from([f.SectionKind.WHOLE, f.SectionKind.HEADER, f.SectionKind.TEXT])
NAMES = st.lists(st.sampled_from(["/comment", "/vendor/x", "/altsubject"]), min_size=1, max_size=3).map(tuple)
ATTRIBUTES = st.lists(st.sampled_from(["value", "value.priv", "size.shared"]), min_size=1, max_size=3).map(tuple)
ITEMS: st.SearchStrategy[f.FetchItem] = st.one_of(
    st.sampled_from(f.FetchAttribute),
    st.builds(f.BodySection, PARTS, PLAIN_KINDS, partial=PARTIALS, peek=st.booleans()),
    st.builds(f.BodySection, PARTS, FIELD_KINDS, FIELDS, partial=PARTIALS, peek=st.booleans()),
    st.builds(f.BinarySection, PARTS, PARTIALS, peek=st.booleans()),
    st.builds(f.BinarySize, PARTS),
    st.builds(f.Preview, st.booleans()),
    st.builds(f.Annotation, NAMES, ATTRIBUTES),
)

LEAVES: st.SearchStrategy[k.SearchKey] = st.one_of(
    st.just(k.All()),
    st.just(k.Recent()),
    st.builds(k.Flag, st.sampled_from(list(SYSTEM_FLAG_NAMES))),
    st.builds(k.Keyword, ATOMS),
    *[st.builds(day, DAYS) for day in (k.Before, k.On, k.Since, k.SentBefore, k.SentOn, k.SentSince)],
    *[st.builds(day, DAYS) for day in (k.SavedBefore, k.SavedOn, k.SavedSince)],
    st.just(k.SaveDateSupported()),
    *[st.builds(age, st.integers(1, 2**32 - 1)) for age in (k.Younger, k.Older)],
    *[st.builds(name, st.text("abcXYZ019_-", min_size=1, max_size=8)) for name in (k.EmailId, k.ThreadId, k.Filter)],
    st.builds(
        k.AnnotationText,
        st.sampled_from(["/comment", "*", "/vendor/%"]),
        st.sampled_from(["value", "value.priv", "value.shared"]),
        st.none() | TEXTS,
    ),
    st.builds(k.Larger, NUMBERS),
    st.builds(k.Smaller, NUMBERS),
    st.builds(k.FieldText, st.sampled_from(k.SearchedField), TEXTS),
    st.builds(k.Header, ATOMS, TEXTS),
    st.builds(k.Uids, SETS),
    st.builds(k.SequenceNumbers, SETS),
    st.builds(k.ModSeq, NUMBERS),
)
KEYS = st.recursive(
    LEAVES,
    lambda keys: st.one_of(
        st.builds(k.Not, keys),
        st.builds(k.Or, keys, keys),
        st.builds(k.And, st.lists(keys, min_size=2, max_size=4).map(tuple)),
    ),
    max_leaves=12,
)

ITEM_LISTS = st.lists(ITEMS, unique=True, min_size=1, max_size=5).map(tuple)
RANGES = st.builds(
    lambda first, second, from_end: c.PartialRange(min(first, second), max(first, second), from_end),
    st.integers(1, 2**32 - 1),
    st.integers(1, 2**32 - 1),
    st.booleans(),
)
PLAIN_RETURNS = st.frozensets(st.sampled_from([R.MIN, R.MAX, R.COUNT, R.ALL, R.SAVE, R.CONTEXT]), min_size=1)
RETURNS: st.SearchStrategy[tuple[frozenset[R], c.PartialRange | None, tuple[f.FetchItem, ...]]] = st.one_of(
    st.tuples(PLAIN_RETURNS, st.none(), st.just(())),
    st.tuples(PLAIN_RETURNS.map(lambda returns: returns - {R.ALL} | {R.PARTIAL}), RANGES, st.just(())),
    st.tuples(PLAIN_RETURNS.map(lambda returns: returns | {R.UPDATE}), st.none(), st.just(()) | ITEM_LISTS),
)

SEARCHES = st.builds(c.Search, KEYS, st.booleans()) | st.builds(
    lambda key, by_uid, returns: c.Search(key, by_uid, *returns), KEYS, st.booleans(), RETURNS
)
CRITERIA = st.lists(
    st.builds(SortCriterion, st.sampled_from(SortKey), st.booleans())
    | st.builds(c.SortAnnotation, st.just("/comment"), st.sampled_from(["value.priv", "value.shared"]), st.booleans()),
    min_size=1,
    max_size=4,
).map(tuple)
SORTS = st.builds(c.Sort, CRITERIA, KEYS, st.booleans()) | st.builds(
    lambda criteria, key, by_uid, returns: c.Sort(criteria, key, by_uid, *returns),
    CRITERIA,
    KEYS,
    st.booleans(),
    RETURNS,
)
THREADS = st.builds(c.Thread, st.sampled_from(c.ThreadAlgorithm), KEYS, st.booleans())
FETCHES = st.builds(c.Fetch, SETS, ITEM_LISTS, st.just(False), st.none() | NUMBERS)
STORES = st.builds(
    c.Store, SETS, st.sampled_from(c.StoreMode), FLAGS, st.booleans(), st.booleans(), st.none() | NUMBERS
)
STATUS_ITEMS = st.lists(st.sampled_from(c.StatusItem), unique=True, min_size=1).map(tuple)


# Octets


def serialize_item(item: f.FetchItem) -> bytes:
    label = item.label
    if isinstance(item, f.Preview):
        return label + b" (LAZY)" if item.lazy else label
    if isinstance(item, f.Annotation):
        names = [" ".join(names).encode() for names in (item.entries, item.attributes)]
        return label + b" ((%b) (%b))" % tuple(names)
    partial = item.partial if isinstance(item, f.BodySection | f.BinarySection) else None
    if partial is not None:
        label = label.removesuffix(b"<%d>" % partial.offset) + b"<%d.%d>" % (partial.offset, partial.count)
    if isinstance(item, f.BodySection | f.BinarySection) and item.peek:
        label = label.replace(b"[", b".PEEK[", 1)
    return label


def text(value: str) -> bytes:
    return astring(value.encode())


def day(value: date) -> bytes:
    return value.strftime("%-d-%b-%Y").encode()


def serialize_key(key: k.SearchKey) -> bytes:
    match key:
        case k.All() | k.Recent():
            return type(key).__name__.encode()
        case k.Flag(flag):
            return SYSTEM_FLAG_NAMES[flag].strip("\\").upper().encode()
        case k.And(keys):
            return b"(" + b" ".join(serialize_key(member) for member in keys) + b")"
        case k.Or(left, right):
            return b"OR " + serialize_key(left) + b" " + serialize_key(right)
        case k.Not(negated):
            return b"NOT " + serialize_key(negated)
        case k.Keyword(keyword):
            return b"KEYWORD " + keyword.encode()
        case k.SaveDateSupported():
            return b"SAVEDATESUPPORTED"
        case k.Younger(seconds) | k.Older(seconds):
            return type(key).__name__.upper().encode() + b" %d" % seconds
        case k.EmailId(name) | k.ThreadId(name) | k.Filter(name):
            return type(key).__name__.upper().encode() + b" " + name.encode()
        case k.AnnotationText(entry, attribute, value):
            octets = None if value is None else value.encode()
            return b" ".join([b"ANNOTATION", astring(entry.encode()), attribute.encode(), serialize_nstring(octets)])
        case k.SavedBefore() | k.SavedOn() | k.SavedSince():
            return type(key).__name__.upper().encode() + b" " + day(key.day)
        case k.Before() | k.On() | k.Since() | k.SentBefore() | k.SentOn() | k.SentSince():
            return type(key).__name__.upper().encode() + b" " + day(key.day)
        case k.Larger(size) | k.Smaller(size):
            return type(key).__name__.upper().encode() + b" %d" % size
        case k.FieldText(field, value):
            return field.value.encode() + b" " + text(value)
        case k.Header(name, value):
            return b"HEADER " + text(name) + b" " + text(value)
        case k.Uids(uids):
            return b"UID " + uids.serialize()
        case k.SequenceNumbers(numbers):
            return numbers.serialize()
        case k.ModSeq(modseq):
            return b"MODSEQ %d" % modseq
        case _:
            assert_never(key)


def serialize_return(option: R, command: c.Search | c.Sort) -> bytes:
    if option is R.PARTIAL and command.partial is not None:
        return b"PARTIAL " + command.partial.serialize()
    if option is R.UPDATE and command.update_items:
        return b"UPDATE (" + b" ".join(map(serialize_item, command.update_items)) + b")"
    return option.value


def serialize_returns(command: c.Search | c.Sort) -> bytes:
    if command.returns is None:
        return b""
    return b"RETURN (" + b" ".join([serialize_return(option, command) for option in command.returns]) + b") "


def serialize_search(command: c.Search) -> bytes:
    return (b"UID " if command.by_uid else b"") + b"SEARCH " + serialize_returns(command) + serialize_key(command.key)


def serialize_criterion(criterion: SortCriterion | c.SortAnnotation) -> bytes:
    reverse = b"REVERSE " if criterion.is_reverse else b""
    if isinstance(criterion, c.SortAnnotation):
        return reverse + f"ANNOTATION {criterion.entry} {criterion.attribute}".encode()
    return reverse + criterion.key.value.encode()


def serialize_sort(command: c.Sort) -> bytes:
    criteria = b" ".join(map(serialize_criterion, command.criteria))
    name = b"UID SORT " if command.by_uid else b"SORT "
    return name + serialize_returns(command) + b"(" + criteria + b") UTF-8 " + serialize_key(command.key)


def serialize_thread(command: c.Thread) -> bytes:
    name = b"UID THREAD " if command.by_uid else b"THREAD "
    return name + command.algorithm.value.encode() + b" UTF-8 " + serialize_key(command.key)


def serialize_fetch(command: c.Fetch) -> bytes:
    items = b" ".join(serialize_item(item) for item in command.items)
    changed = b"" if command.changed_since is None else b" (CHANGEDSINCE %d)" % command.changed_since
    return b"FETCH " + command.messages.serialize() + b" (" + items + b")" + changed


def serialize_store(command: c.Store) -> bytes:
    unchanged = b"" if command.unchanged_since is None else b"(UNCHANGEDSINCE %d) " % command.unchanged_since
    attribute = command.mode.value + (b".SILENT " if command.silent else b" ")
    name = b"UID STORE " if command.by_uid else b"STORE "
    return name + command.messages.serialize() + b" " + unchanged + attribute + serialize_flags(command.flags)


def parse(text: bytes) -> c.Command:
    parser = ImapParser(ParserLimits(), state=State.SELECTED, dialect=EVERYTHING)
    parser.receive_data(b"t " + text + b"\r\n")
    while isinstance(event := parser.next_event(), LiteralWanted):
        pass
    assert isinstance(event, CommandReceived), event
    assert parser.next_event() is None
    return event.command


# Properties


@given(SEARCHES)
def test_searches(command: c.Search) -> None:
    assert parse(serialize_search(command)) == command


@given(SORTS)
def test_sorts(command: c.Sort) -> None:
    assert parse(serialize_sort(command)) == command


@given(THREADS)
def test_threads(command: c.Thread) -> None:
    assert parse(serialize_thread(command)) == command


@given(FETCHES)
def test_fetches(command: c.Fetch) -> None:
    assert parse(serialize_fetch(command)) == command


@given(STORES)
def test_stores(command: c.Store) -> None:
    assert parse(serialize_store(command)) == command


@given(OCTETS, OCTETS, OCTETS)
def test_commands_of_strings(first: bytes, second: bytes, third: bytes) -> None:
    a, b, d = astring(first), astring(second), astring(third)
    assert parse(b"SELECT " + a) == c.Select(first)
    assert parse(b"RENAME " + a + b" " + b) == c.Rename(first, second)
    assert parse(b"RENAME " + b" ".join([a, b, d])) == c.Rename(first, second, third)
    assert parse(b"LSUB " + a + b" " + b) == c.Lsub(first, second)
    assert parse(b"LIST " + a + b" (" + b + b" " + d + b")") == c.List(first, (second, third), is_extended=True)
    assert parse(b"LISTRIGHTS " + a + b" " + b) == c.ListRights(first, second)


@given(OCTETS, STATUS_ITEMS)
def test_statuses(mailbox: bytes, items: tuple[c.StatusItem, ...]) -> None:
    names = b" ".join(item.value for item in items)
    assert parse(b"STATUS " + astring(mailbox) + b" (" + names + b")") == c.Status(mailbox, items)


def test_every_system_flag_has_a_key() -> None:
    assert SystemFlags(sum(SYSTEM_FLAG_NAMES)) == SystemFlags(31)
