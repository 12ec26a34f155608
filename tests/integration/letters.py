"""Messages as people send them."""

from email.message import EmailMessage
from email.policy import SMTP
from random import Random

PHOTO = Random(5).randbytes(200_000)
DOCUMENT = "Grüße aus Ångström\n".encode() * 40


def letter(subject: str, text: str = "Read the attachments.\n") -> EmailMessage:
    """Text, an alternative in HTML, a photo, and a document with a name that is not ASCII."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Anna <anna@example.org>"
    message["To"] = "Somebody <user@example.org>"
    message["Subject"] = subject
    message["Message-ID"] = f"<{subject.replace(' ', '.')}@example.org>"
    message["Date"] = "Sat, 14 Nov 2026 10:11:12 +0100"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    message.add_attachment(PHOTO, maintype="image", subtype="jpeg", filename="photo.jpg")
    message.add_attachment(DOCUMENT, maintype="application", subtype="octet-stream", filename="grüße.txt")
    return message


def note(subject: str, text: str = "A short note.\r\n") -> bytes:
    """A message without parts."""
    return (
        f"From: anna@example.org\r\nTo: user@example.org\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject.replace(' ', '.')}@example.org>\r\nDate: Sat, 14 Nov 2026 10:11:12 +0100\r\n"
        f"\r\n{text}"
    ).encode()
