"""The action of a recipe: where the message goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from angarium.sievetranslate.conditions import NotTranslatable
from angarium.sievetranslate.folders import Folder, FolderRefused, Place, folder_named, folder_of
from angarium.sievetranslate.programs import (
    Answers,
    CallsProcmail,
    Delivers,
    FindsDuplicates,
    OtherProgram,
    Sends,
    is_address,
    is_local_part,
    program_of,
)
from angarium.sievetranslate.shellwords import ValueUnknown, Variables, split_words
from angarium.sievetranslate.sievetext import Command, Comment, Leaf, Statement, Test, multiline, quoted, quoted_list
from angarium.sievetranslate.translation import Surroundings

_TEMPORARY_FAILURE = "75"


@dataclass(slots=True)
class Delivery:
    """What an action becomes."""

    statements: list[Statement] = field(default_factory=list)
    requires: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    """What is not quite the same."""
    missing: str = ""
    """What must be completed by somebody before it does anything."""
    tests: list[Test] = field(default_factory=list)
    """What decides besides whether it is carried out."""
    delivers: bool = True
    """Whether procmail is done with the message then, unless this was a copy."""


def translate_delivery(
    action: str, flags: str, variables: Variables, surroundings: Surroundings, *, copies: bool
) -> Delivery:
    """The commands of an action, which leave the message to others where it `copies`. NotTranslatable."""
    if "f" in flags:
        raise NotTranslatable("it changes the message by a program, and Sieve runs none")
    try:
        if action.startswith("!"):
            words = split_words(action[1:], variables)
            return send_to([word for word in words if not word.startswith("-")], surroundings, copies=copies)
        if action.startswith("|"):
            return _pipe(action[1:].strip(), variables, surroundings, copies=copies)
        return _files(split_words(action, variables), flags, variables, surroundings, copies=copies)
    except (ValueUnknown, FolderRefused) as refused:
        raise NotTranslatable(str(refused)) from refused


def send_to(recipients: Sequence[str], surroundings: Surroundings, *, copies: bool) -> Delivery:
    """To other addresses. NotTranslatable."""
    if not recipients:
        raise NotTranslatable("it names no address")
    addresses = [full_address(each, surroundings) for each in recipients]
    tag = " :copy" if copies else ""
    statements: list[Statement] = [Command(f"redirect{tag} {quoted(address)}") for address in addresses]
    return Delivery(statements, {"copy"} if copies else set())


def full_address(recipient: str, surroundings: Surroundings) -> str:
    """An address with a domain. NotTranslatable."""
    if is_address(recipient):
        return recipient
    if not is_local_part(recipient):
        raise NotTranslatable(f"{recipient} is no address")
    if surroundings.domain is None:
        raise NotTranslatable(f"the address {recipient} has no domain; --domain gives it one")
    return f"{recipient}@{surroundings.domain}"


def file_into(folder: Folder, *, copies: bool) -> Delivery:
    """Into a mailbox, which is made where it is missing, as procmail made files."""
    tags = " :copy :create" if copies else " :create"
    requires = {"fileinto", "mailbox"} | ({"copy"} if copies else set())
    return Delivery([Command(f"fileinto{tags} {quoted(folder.name)}")], requires)


def answer(program: Answers, surroundings: Surroundings) -> Delivery:
    """A vacation answer; without a text, a comment to be completed."""
    text = surroundings.vacation
    words = ["vacation"]
    if program.days is not None:
        words.append(f":days {program.days}")
    if text is not None and text.subject:
        words.append(f":subject {quoted(text.subject)}")
    addresses = [each for each in (_address_or_none(each, surroundings) for each in program.addresses) if each]
    if addresses:
        words.append(f":addresses {quoted_list(addresses)}")
    requires = {"vacation"}
    if text is None:
        command = " ".join([*words, '"…";'])
        missing = "the text of the answer is not known, so that none is sent; --vacation-text gives it"
        comment = f'NOT TRANSLATED: {missing}.\nOr write it for "…" here, and take the mark in front away.\n{command}'
        return Delivery([Comment(comment)], requires, missing=missing, delivers=False)
    return Delivery([Command(" ".join([*words, multiline(text.body)]))], requires, delivers=False)


def _address_or_none(address: str, surroundings: Surroundings) -> str | None:
    try:
        return full_address(address, surroundings)
    except NotTranslatable:
        return None


def _pipe(command: str, variables: Variables, surroundings: Surroundings, *, copies: bool) -> Delivery:
    program = program_of(split_words(command, variables), command)
    match program:
        case Sends(addresses):
            return send_to(addresses, surroundings, copies=copies)
        case Delivers(()):
            return Delivery([Command("keep")])
        case Delivers(names):
            return file_into(folder_named(list(names), surroundings), copies=copies)
        case FindsDuplicates():
            statements: list[Statement] = [] if copies else [Command("discard")]
            return Delivery(statements, {"duplicate"}, tests=[Leaf("duplicate")])
        case Answers():
            found = answer(program, surroundings)
            if not copies:
                found.remarks.append("procmail kept nothing of such mail; it is kept here")
            return found
        case CallsProcmail():
            raise NotTranslatable("it calls procmail again")
        case OtherProgram(reason):
            raise NotTranslatable(reason)


def _files(
    paths: Sequence[str], flags: str, variables: Variables, surroundings: Surroundings, *, copies: bool
) -> Delivery:
    maildir = variables.get("MAILDIR")
    if maildir is None:
        raise NotTranslatable("nobody knows the variable MAILDIR here")
    if not paths:
        raise NotTranslatable("it names no folder")
    found = Delivery()
    for number, path in enumerate(paths):
        # Of several directories, all get the message.
        each = _file(folder_of(path, maildir, surroundings), variables, copies=copies)
        found.statements += each.statements
        found.requires |= each.requires
        if number and not path.endswith(("/", "/.")):
            raise NotTranslatable("it names more than one file")
    if ("h" in flags) is not ("b" in flags):
        part = "header" if "h" in flags else "body"
        found.remarks.append(f"procmail filed the {part} alone; here it is the whole message")
    return found


def _file(place: Folder | Place, variables: Variables, *, copies: bool) -> Delivery:
    if isinstance(place, Folder):
        return file_into(place, copies=copies)
    if place is Place.INBOX:
        return Delivery([Command("keep")])
    exit_code = variables.get("EXITCODE")
    if exit_code in ("", "0"):
        return Delivery([] if copies else [Command("discard")])
    if exit_code is None or exit_code == _TEMPORARY_FAILURE or copies:
        raise NotTranslatable("it ends with an EXITCODE that Sieve has nothing like")
    return Delivery([Command('ereject "This mail is not accepted."')], {"ereject"})
