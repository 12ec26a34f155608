"""Search keys are values."""

from datetime import date

import pytest

from angarium import searchkey as k
from angarium.flags import SystemFlags
from angarium.sequenceset import SequenceSet

KEYS: list[k.SearchKey] = [
    k.All(),
    k.And((k.All(), k.Recent())),
    k.Or(k.All(), k.Recent()),
    k.Not(k.All()),
    k.Flag(SystemFlags.SEEN),
    k.Recent(),
    k.Keyword("$Work"),
    k.Before(date(2024, 2, 1)),
    k.On(date(2024, 2, 1)),
    k.Since(date(2024, 2, 1)),
    k.SentBefore(date(2024, 2, 1)),
    k.SentOn(date(2024, 2, 1)),
    k.SentSince(date(2024, 2, 1)),
    k.Larger(5),
    k.Smaller(5),
    k.FieldText(k.SearchedField.SUBJECT, "fish"),
    k.Header("Message-ID", ""),
    k.Uids(SequenceSet.parse(b"1:*")),
    k.SequenceNumbers(SequenceSet.parse(b"1:*")),
    k.ModSeq(5),
    k.Younger(5),
    k.Older(5),
    k.SavedBefore(date(2024, 2, 1)),
    k.SavedOn(date(2024, 2, 1)),
    k.SavedSince(date(2024, 2, 1)),
    k.SaveDateSupported(),
    k.EmailId("M1"),
    k.ThreadId("M1"),
    k.Filter("M1"),
    k.AnnotationText("/comment", "value", None),
]


def test_keys_of_different_kinds_differ_though_their_values_are_the_same() -> None:
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: type(key).__name__)
def test_every_exported_key_is_one_of_the_union(key: k.SearchKey) -> None:
    assert type(key) in k.SearchKey.__args__
    assert type(key).__name__ in k.__all__
