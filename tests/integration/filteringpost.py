"""A real Postfix before and behind a server whose users filter their mail."""

import email
import email.policy
import smtplib
from email.message import EmailMessage

from tests.server.postfix import Postfix
from tests.server.running import LOOPBACK, RunningServer, User, wait_until


class FilteringPost:
    """A server, Postfix in front of it and behind it, and users with scripts."""

    def __init__(self, server: RunningServer, postfix: Postfix) -> None:
        self.server = server
        self.postfix = postfix
        self._users = 0

    def add_user(self, script: str = "") -> User:
        """A user of one test, with an active script where there is one."""
        self._users += 1
        user = self.server.add_user(f"filtered{self._users}")
        if script:
            self.activate(script, user)
        return user

    def activate(self, script: str, user: User) -> None:
        done = self.server.command("sieve", "put", "--activate", user.name, "main", "-", stdin=script)
        assert done.status == 0, done

    def hand_in(self, message: EmailMessage, *to: User, sender: User) -> None:
        """Give a message to Postfix."""
        with smtplib.SMTP(LOOPBACK, self.postfix.port) as client:
            client.sendmail(address(sender), [address(user) for user in to], message.as_bytes())

    def wait_for(self, user: User, *words: str, count: int = 1) -> list[EmailMessage]:
        """The messages in a user's INBOX with these words in their subject, once there are as many."""
        found: list[EmailMessage] = []

        def have_come() -> bool:
            found[:] = [each for each in self.messages(user) if all(word in str(each["Subject"]) for word in words)]
            return len(found) >= count

        wait_until(have_come, f"{count} messages with {words}; the log:\n{self.server.output.text[-4000:]}")
        return found

    def messages(self, user: User) -> list[EmailMessage]:
        """All messages in a user's INBOX."""
        with self.server.imap(user) as client:
            client.select("INBOX", readonly=True)
            _, data = client.fetch("1:*", "(BODY.PEEK[])")
        octets = [item[1] for item in data if isinstance(item, tuple)]
        return [parsed(each) for each in octets]


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def address(user: User) -> str:
    return f"{user.name}@example.org"


def mail(subject: str, to: User, *, text: str = "Hello.\n") -> EmailMessage:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Somebody <somebody@example.org>"
    message["To"] = address(to)
    message["Subject"] = subject
    message["Message-ID"] = f"<{subject.replace(' ', '.')}.{to.name}@example.org>"
    message["Date"] = "Sat, 14 Nov 2026 10:11:12 +0100"
    message.set_content(text)
    return message
