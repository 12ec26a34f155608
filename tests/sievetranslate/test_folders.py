import pytest

from angarium.sievetranslate.folders import Folder, FolderRefused, Place, folder_of
from angarium.sievetranslate.translation import Surroundings

JOE = Surroundings(user="joe")


@pytest.mark.parametrize(
    ("path", "maildir", "place"),
    [
        ("/dev/null", "~", Place.NOWHERE),
        ("spam", "~/Mail", Folder("spam")),
        ("spam", "~", Folder("spam")),
        ("~/Mail/spam", "~/Mail", Folder("spam")),
        ("~/Mail/spam", "~/other", Folder("spam")),
        ("~/other/spam", "~/Mail", Folder("other/spam")),
        ("/home/joe/Mail/a/b", "~/Mail", Folder("a/b")),
        ("/home/j/joe/Mail/a/b", "/home/j/joe/Mail", Folder("a/b")),
        ("/srv/mail/a", "/srv/mail", Folder("a")),
        ("./a//b/./", "~", Folder("a/b")),
        (".a.b/", "~/Maildir", Folder("a/b")),
        ("~/Maildir/.a.b/c", "~", Folder("a/b/c")),
        ("inbox", "~/Mail", Place.INBOX),
        ("/var/spool/mail/joe", "~", Place.INBOX),
        ("~", "~", Place.INBOX),
        ("~/Maildir/", "~", Place.INBOX),
    ],
)
def test_a_path_is_a_mailbox(path: str, maildir: str, place: Folder | Place) -> None:
    assert folder_of(path, maildir, JOE) == place


@pytest.mark.parametrize("path", ["/etc/passwd", "/home/jim/x", "../x", "~/a/../../x", "a%", "a*", "a\x07", "x" * 500])
def test_what_is_no_folder_of_the_user_is_refused(path: str) -> None:
    with pytest.raises(FolderRefused):
        folder_of(path, "~/Mail", JOE)


def test_names_have_the_separator_and_the_prefix_of_the_site() -> None:
    surroundings = Surroundings(separator=".", prefix="INBOX.")
    assert folder_of("a/b", "~", surroundings) == Folder("INBOX.a.b")
