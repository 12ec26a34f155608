import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.basesubject import BaseSubject, base_subject


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("", "", False),
        ("tea", "tea", False),
        ("  tea \t time ", "tea time", False),
        ("Re: tea", "tea", True),
        ("RE : tea", "tea", True),
        ("re[2]: tea", "tea", True),
        ("Re: Fw: FWD: tea", "tea", True),
        ("Re: [list] tea", "tea", True),
        ("[list] Re: tea", "tea", True),
        ("[list] tea", "tea", False),
        ("[a] [b] tea", "tea", False),
        ("[list]", "[list]", False),
        ("[a][b]", "[b]", False),
        ("Re: [list]", "[list]", True),
        ("tea (fwd)", "tea", True),
        ("tea (FWD) (fwd) ", "tea", True),
        ("[fwd: tea]", "tea", True),
        ("[Fwd: Re: [fwd: tea] (fwd)]", "tea", True),
        ("[fwd: tea", "[fwd: tea", False),
        ("Re:", "", True),
        ("Regards", "Regards", False),
        ("Re tea", "Re tea", False),
        ("a[b] re: tea", "a[b] re: tea", False),
    ],
)
def test_base_subject(subject: str, base: str, is_reply: bool) -> None:
    assert base_subject(subject) == BaseSubject(base, is_reply)


@given(
    st.lists(st.sampled_from(["re:", "fwd:", "[a]", "[fwd:", "]", "(fwd)", " ", "x", "["]), max_size=12).map("".join)
)
def test_base_of_a_base_is_itself(subject: str) -> None:
    base = base_subject(subject).text
    assert base_subject(base).text == base
