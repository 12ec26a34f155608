"""The files of messages, as an engine is asked for them: those on their way in, and those that the index knows."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from typing import Final

from angarium.engine.commands import StagedFile
from angarium.engine.disk import Directories, Disk, as_refusal
from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.engine.sources import Sources
from angarium.engine.spool import Layout, SpoolMessageFile, SpoolStagedMessage, message_name
from angarium.engine.sqlite import reads
from angarium.engine.sqlite.accounts import OpenAccounts
from angarium.errors import MailboxNotFound, MessageFileMissing, MessageNotFound

log = logging.getLogger(__name__)

_STAGED_LONG_AGO_S: Final = 86_400
_LARGE_FILE_OCTETS: Final = 4 << 20


class MessageFiles:
    """The files' part of a `SqliteEngine`; see `interface.Engine` for what each method promises."""

    def __init__(
        self,
        disk: Disk,
        layout: Layout,
        directories: Directories,
        sources: Sources,
        accounts: OpenAccounts,
        readers: Executor,
    ) -> None:
        self._disk = disk
        self._layout = layout
        self._directories = directories
        self._sources = sources
        self._accounts = accounts
        self._readers = readers
        self._is_stopped = False

    def stop(self) -> None:
        """From here on the pool may be gone."""
        self._is_stopped = True

    def prepare_stage(self, partition: str, directory: str) -> None:
        """Where a partition's messages come in; what a crash has left there goes. Blocks."""
        self._directories.make_root(directory)
        stage = self._layout.stage(partition)
        self._directories.make(stage)
        # What another process stages now is younger than a day.
        before_s = self._sources.now_s() - _STAGED_LONG_AGO_S
        for name in self._disk.listdir(stage):
            path = f"{stage}/{name}"
            try:
                if self._disk.modified_s(path) < before_s:
                    self._disk.unlink(path)
            except OSError as error:  # another process cleans as well
                log.info("stage_not_cleaned", extra={"path": path, "error": str(error)})

    @asynccontextmanager
    async def stage(self, partition: str) -> AsyncIterator[SpoolStagedMessage]:
        path = f"{self._layout.stage(partition)}/{self._sources.random_id()}"
        staged = SpoolStagedMessage(self._disk, self._readers, partition, path)
        try:
            yield staged
        finally:
            # Where nothing has linked it, its octets go with its name: some milliseconds for a large file.
            if staged.size_octets > _LARGE_FILE_OCTETS and not self._is_stopped:
                await asyncio.get_running_loop().run_in_executor(self._readers, staged.close)
            else:
                staged.close()

    async def open_message(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> SpoolMessageFile:
        opened = self._accounts.get(account) or await self._accounts.open(account)
        directory = opened.directories.get(mailbox)
        if directory is not None:
            # Only where there is no such file any more has the index to say why.
            with suppress(OSError):
                return SpoolMessageFile(self._readers, self._disk.open_read(f"{directory}/{message_name(uid)}"))
        _, path = await self._place_of(account, mailbox, uid)
        file = self.open(path)
        opened.directories[mailbox] = path.removesuffix(f"/{message_name(uid)}")
        return file

    async def stored_file(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> StagedFile:
        partition, path = await self._place_of(account, mailbox, uid)
        with self.open(path) as file:
            return StagedFile(partition, path, file.size_octets)

    def open(self, path: str) -> SpoolMessageFile:
        """MessageFileMissing."""
        try:
            return SpoolMessageFile(self._readers, self._disk.open_read(path))
        except FileNotFoundError as error:
            log.error("message_file_missing", extra={"path": path})
            raise MessageFileMissing(f"{path} is missing") from error
        except OSError as error:
            raise as_refusal(error) from error

    async def _place_of(self, account: AccountId, mailbox: MailboxId, uid: Uid) -> tuple[str, str]:
        """Partition and path of a message that the index knows."""
        opened = self._accounts.get(account) or await self._accounts.open(account)
        place = reads.read_message_place(opened.reader, mailbox, uid)
        if place is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {account}")
        partition, known = place
        if known is None:
            raise MessageNotFound(f"no message {uid} in mailbox {mailbox}")
        return partition, f"{self._layout.directory(partition, mailbox)}/{message_name(uid)}"
