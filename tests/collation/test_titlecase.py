import pytest

from angarium.collation.titlecase import titlecase
from angarium.mime import fold


def test_every_letter_of_folded_text_has_one_letter_as_its_title_case() -> None:
    characters = [chr(code) for code in range(0x1F000) if not 0xD800 <= code < 0xE000]
    letters = {letter for character in characters for letter in fold(character)}
    titles = {letter: letter.title() for letter in letters}
    assert [
        letter for letter, title in titles.items() if titlecase(letter) != (title if len(title) == 1 else letter)
    ] == []


@pytest.mark.parametrize(("folded", "title"), [("abc_1", "ABC_1"), ("éσ", "ÉΣ"), ("თბილისი é", "თბილისი É")])
def test_text_in_title_case(folded: str, title: str) -> None:
    assert titlecase(folded) == title
