import pytest

from angarium.sortcriteria import SortCriterion, SortKey


@pytest.mark.parametrize(
    ("key", "is_text"),
    [
        (SortKey.SUBJECT, True),
        (SortKey.DISPLAYTO, True),
        (SortKey.CC, True),
        (SortKey.DATE, False),
        (SortKey.UID, False),
    ],
)
def test_the_comparator_decides_about_texts_alone(key: SortKey, is_text: bool) -> None:
    assert key.is_text is is_text


def test_keys_are_found_by_name() -> None:
    assert SortCriterion(SortKey("DISPLAYFROM")) == SortCriterion(SortKey.DISPLAYFROM, is_reverse=False)
    with pytest.raises(ValueError, match="FOO"):
        SortKey("FOO")
