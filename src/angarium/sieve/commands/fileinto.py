"""fileinto (RFC 5228 §4.1), with `:copy` (RFC 3894), and the tags of its target."""

from angarium.sieve.actions import FileInto
from angarium.sieve.arguments import Arguments
from angarium.sieve.flags import FLAGS_TAG, flags_of
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag
from angarium.sieve.target import TARGET_TAGS, target_of

COPY_TAG = Tag("copy", ("copy",))


def _fileinto(arguments: Arguments) -> Action:
    target = target_of(arguments, arguments.text("mailbox"))
    flags = flags_of(arguments)
    copy = arguments.has("copy")

    def fileinto(run: Run) -> None:
        found = target(run)
        run.perform(
            FileInto(
                origin=run.origin,
                mailbox=found.mailbox,
                flags=flags(run),
                create=found.create,
                special_use=found.special_use,
                mailbox_id=found.mailbox_id,
                copy=copy,
                edition=run.edition(),
            )
        )

    return fileinto


SPECIFICATIONS = (
    CommandSpecification(
        "fileinto",
        _fileinto,
        ("fileinto",),
        parameters=(Parameter("mailbox", Kind.STRING),),
        tags=(COPY_TAG, FLAGS_TAG, *TARGET_TAGS),
    ),
)
