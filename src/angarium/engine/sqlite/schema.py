"""The database files: their tables, versions and migrations, and how a connection to one is opened.

Each file names two numbers besides its version: the least version of a program that may read it and that may write it.
Migrations only add (tables, columns with defaults, indexes), since old and new workers overlap at a restart; a file is
migrated when it is opened. For the same reason statements name the columns they fill: those of an older program meet
newer tables. Flag masks are stored as SQLite's signed 64-bit integers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import apsw

from angarium.errors import SchemaTooNew, StoreDamaged

BUSY_TIMEOUT_MS = 10_000
"""Only checkpoints and readers ever meet this wait: writers are kept apart by the lock file."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of database file; `migrations[i]` leads from version i to i + 1."""

    kind: str
    application_id: int
    migrations: tuple[str, ...]
    reads_from: int = 1
    """The least version of this program's schema that can read what we write."""
    writes_from: int = 1

    @property
    def version(self) -> int:
        return len(self.migrations)


ACCOUNT = Schema(
    "account",
    0x416E6761,  # "Anga"
    (
        """
        CREATE TABLE account (
            id TEXT NOT NULL,
            name TEXT NOT NULL,
            modseq INTEGER NOT NULL,
            folder_modseq INTEGER NOT NULL,
            last_uidvalidity INTEGER NOT NULL,
            modseq_ceiling INTEGER NOT NULL,
            last_content INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE mailbox (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            partition TEXT NOT NULL,
            state INTEGER NOT NULL DEFAULT 0,
            deleted_at INTEGER,
            uidvalidity INTEGER NOT NULL,
            acl TEXT NOT NULL,
            acl_version INTEGER NOT NULL DEFAULT 1,
            special_use TEXT NOT NULL DEFAULT '',
            shared_seen INTEGER NOT NULL DEFAULT 0,
            quota_root TEXT,
            keywords TEXT NOT NULL DEFAULT '',
            created_modseq INTEGER NOT NULL,
            folder_modseq INTEGER NOT NULL,
            highestmodseq INTEGER NOT NULL,
            purged_modseq INTEGER NOT NULL DEFAULT 0,
            uidnext INTEGER NOT NULL DEFAULT 1,
            uid_ceiling INTEGER NOT NULL,
            recent_uid INTEGER NOT NULL DEFAULT 0,
            messages INTEGER NOT NULL DEFAULT 0,
            unseen INTEGER NOT NULL DEFAULT 0,
            deleted INTEGER NOT NULL DEFAULT 0,
            octets INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX mailbox_live_name ON mailbox (name) WHERE deleted_at IS NULL;
        CREATE TABLE tombstone (
            name TEXT NOT NULL,
            mailbox TEXT NOT NULL,
            uidvalidity INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            PRIMARY KEY (name, mailbox)
        ) WITHOUT ROWID;
        CREATE TABLE message (
            mailbox INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            created_modseq INTEGER NOT NULL,
            expunged_modseq INTEGER NOT NULL DEFAULT 0,
            expunged_at INTEGER,
            flags INTEGER NOT NULL,
            keywords_low INTEGER NOT NULL,
            keywords_high INTEGER NOT NULL,
            date INTEGER NOT NULL,
            zone INTEGER NOT NULL,
            saved_at INTEGER NOT NULL,
            size INTEGER NOT NULL,
            content INTEGER NOT NULL,
            email INTEGER NOT NULL,
            thread INTEGER NOT NULL,
            PRIMARY KEY (mailbox, uid)
        ) WITHOUT ROWID;
        CREATE INDEX message_expunged ON message (mailbox, expunged_at) WHERE expunged_at IS NOT NULL;
        CREATE INDEX message_content ON message (content);
        CREATE TABLE content (
            id INTEGER PRIMARY KEY,
            hash BLOB NOT NULL,
            scanner_version INTEGER NOT NULL,
            envelope BLOB NOT NULL,
            body BLOB NOT NULL,
            bodystructure BLOB NOT NULL,
            parts BLOB NOT NULL
        );
        CREATE TABLE search (
            content INTEGER PRIMARY KEY,
            from_ TEXT NOT NULL,
            to_ TEXT NOT NULL,
            cc TEXT NOT NULL,
            bcc TEXT NOT NULL,
            subject TEXT NOT NULL,
            base_subject TEXT NOT NULL,
            sent INTEGER,
            message_id TEXT NOT NULL,
            first_from TEXT NOT NULL,
            first_to TEXT NOT NULL,
            first_cc TEXT NOT NULL
        );
        CREATE TABLE reference (
            message_id TEXT NOT NULL,
            base_subject TEXT NOT NULL,
            thread INTEGER NOT NULL,
            noted_at INTEGER NOT NULL,
            PRIMARY KEY (message_id, base_subject)
        ) WITHOUT ROWID;
        CREATE TABLE seen (
            mailbox INTEGER NOT NULL,
            account TEXT NOT NULL,
            uids TEXT NOT NULL DEFAULT '',
            recent_uid INTEGER NOT NULL DEFAULT 0,
            highestmodseq INTEGER NOT NULL,
            PRIMARY KEY (mailbox, account)
        ) WITHOUT ROWID;
        CREATE TABLE origin (
            source TEXT NOT NULL,
            source_uid INTEGER NOT NULL,
            mailbox INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            PRIMARY KEY (mailbox, source, source_uid)
        ) WITHOUT ROWID;
        CREATE TABLE subscription (
            name TEXT PRIMARY KEY,
            modseq INTEGER NOT NULL,
            subscribed INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE quota (
            root TEXT PRIMARY KEY,
            storage_limit INTEGER,
            storage_used INTEGER NOT NULL,
            modseq INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE change (
            number INTEGER PRIMARY KEY,
            modseq INTEGER NOT NULL,
            time INTEGER NOT NULL,
            actor TEXT NOT NULL,
            client TEXT NOT NULL,
            session TEXT NOT NULL,
            operation TEXT NOT NULL,
            mailbox TEXT,
            uids TEXT NOT NULL,
            before TEXT NOT NULL
        );
        """,
        # Mailboxes that were erased and of which something is left; no new one gets their numbers.
        """
        CREATE TABLE erasing (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            partition TEXT NOT NULL,
            emptied_at INTEGER
        );
        """,
        # Annotations: mailbox 0 is the account itself, uid 0 a mailbox itself, owner '' shares it with all.
        """
        CREATE TABLE annotation (
            mailbox INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            entry TEXT NOT NULL,
            owner TEXT NOT NULL,
            value BLOB NOT NULL,
            modseq INTEGER NOT NULL,
            PRIMARY KEY (mailbox, uid, entry, owner)
        ) WITHOUT ROWID;
        ALTER TABLE mailbox ADD COLUMN annotation_octets INTEGER NOT NULL DEFAULT 0;
        """,
        # What THREAD goes by; NULL where a program without these columns wrote the row.
        """
        ALTER TABLE search ADD COLUMN reference_ids TEXT;
        ALTER TABLE search ADD COLUMN is_reply INTEGER;
        """,
        # Quota of more than storage; a program without these columns would not count.
        """
        ALTER TABLE quota ADD COLUMN message_limit INTEGER;
        ALTER TABLE quota ADD COLUMN message_used INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE quota ADD COLUMN annotation_limit INTEGER;
        ALTER TABLE quota ADD COLUMN annotation_used INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE quota ADD COLUMN mailbox_limit INTEGER;
        ALTER TABLE quota ADD COLUMN mailbox_used INTEGER NOT NULL DEFAULT 0;
        UPDATE quota SET
            message_used = (SELECT coalesce(sum(messages), 0) FROM mailbox WHERE quota_root = root),
            annotation_used = (SELECT coalesce(sum(annotation_octets), 0) FROM mailbox WHERE quota_root = root),
            mailbox_used = (SELECT count(*) FROM mailbox WHERE quota_root = root);
        """,
        # Previews that were made once, of contents.
        """
        CREATE TABLE preview (content INTEGER PRIMARY KEY, text TEXT NOT NULL);
        """,
        # Mailboxes that come from another account and are not all there; a program without this table would give their
        # numbers to others.
        """
        CREATE TABLE arriving (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            source TEXT NOT NULL,
            copied_uid INTEGER NOT NULL DEFAULT 0
        );
        """,
        # What is not to be done twice, scripts, and mail to send; a program without these tables would deliver twice,
        # and forget an account whose mail still waits.
        """
        CREATE TABLE mark (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            noted_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (kind, key)
        ) WITHOUT ROWID;
        CREATE TABLE script (
            name TEXT PRIMARY KEY,
            is_active INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            content BLOB NOT NULL
        );
        CREATE UNIQUE INDEX script_active ON script (is_active) WHERE is_active;
        CREATE TABLE dispatch (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            work INTEGER NOT NULL,
            sender TEXT NOT NULL,
            recipients TEXT NOT NULL,
            purpose TEXT NOT NULL,
            message_id TEXT NOT NULL,
            parameters TEXT NOT NULL,
            partition TEXT,
            offset INTEGER NOT NULL,
            size INTEGER NOT NULL,
            queued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_attempt INTEGER NOT NULL,
            last_error TEXT NOT NULL DEFAULT '',
            head BLOB NOT NULL
        );
        """,
        # How far the change log was pruned; a program without these columns would have its readers miss what it pruned.
        """
        ALTER TABLE account ADD COLUMN pruned_changes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE account ADD COLUMN pruned_changes_time INTEGER NOT NULL DEFAULT 0;
        """,
        # The last change of what readers remember by it; a program without this column would not tell them of its own.
        """
        ALTER TABLE account ADD COLUMN settings_modseq INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    writes_from=10,
)

CATALOGUE = Schema(
    "catalogue",
    0x416E6763,  # "Angc"
    (
        """
        CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) WITHOUT ROWID;
        CREATE TABLE shown (account TEXT PRIMARY KEY, folder_modseq INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE mailbox (
            mailbox TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            name TEXT NOT NULL,
            partition TEXT NOT NULL,
            acl TEXT NOT NULL,
            special_use TEXT NOT NULL,
            deleted INTEGER NOT NULL,
            uidvalidity INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX mailbox_account ON mailbox (account, name);
        CREATE TABLE granted (identifier TEXT NOT NULL, mailbox TEXT NOT NULL, PRIMARY KEY (identifier, mailbox))
            WITHOUT ROWID;
        CREATE INDEX granted_mailbox ON granted (mailbox);
        """,
        # Truth: what is shared of the server's annotations.
        """
        CREATE TABLE annotation (entry TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        """,
        # Truth: the site's own scripts; a number is given once.
        """
        CREATE TABLE script (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            changed_at INTEGER NOT NULL,
            content BLOB NOT NULL
        );
        """,
    ),
)

USERS = Schema(
    "users",
    0x416E6775,  # "Angu"
    (
        """
        CREATE TABLE credential (
            userid TEXT PRIMARY KEY,
            password_hash TEXT NOT NULL,
            scram TEXT NOT NULL,
            version INTEGER NOT NULL,
            disabled INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
        # A program that does not know these would let in whom they keep out, and leave them behind of a removed user.
        """
        CREATE TABLE app_password (
            userid TEXT NOT NULL,
            name TEXT NOT NULL,
            number INTEGER NOT NULL,
            services TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            salt BLOB NOT NULL,
            digest BLOB NOT NULL,
            PRIMARY KEY (userid, name)
        ) WITHOUT ROWID;
        CREATE TABLE totp (
            userid TEXT PRIMARY KEY,
            secret BLOB NOT NULL,
            is_active INTEGER NOT NULL,
            last_step INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE shared_secret (
            userid TEXT NOT NULL,
            realm TEXT NOT NULL,
            secret TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (userid, realm)
        ) WITHOUT ROWID;
        CREATE TABLE denial (userid TEXT PRIMARY KEY, services TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE site (secret BLOB NOT NULL);
        INSERT INTO site VALUES (randomblob(32));
        """,
    ),
    writes_from=2,
)

LOGINS = Schema(
    "logins",
    0x416E676C,  # "Angl"
    (
        """
        CREATE TABLE login (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            userid TEXT NOT NULL,
            at INTEGER NOT NULL,
            service TEXT NOT NULL,
            address TEXT NOT NULL,
            client TEXT NOT NULL,
            mechanism TEXT NOT NULL,
            app_password INTEGER,
            app_password_name TEXT NOT NULL,
            session TEXT NOT NULL
        );
        CREATE INDEX login_userid ON login (userid);
        CREATE TABLE app_password_use (
            userid TEXT NOT NULL,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            address TEXT NOT NULL,
            PRIMARY KEY (userid, number)
        ) WITHOUT ROWID;
        """,
        "ALTER TABLE login ADD COLUMN acted_by TEXT NOT NULL DEFAULT ''",
    ),
)

WORK = Schema(
    "work",
    0x416E6777,  # "Angw"
    (
        """
        CREATE TABLE work (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            account TEXT NOT NULL,
            kind TEXT NOT NULL,
            detail TEXT NOT NULL,
            noted_at INTEGER NOT NULL
        );
        """,
    ),
)

FEEDS = Schema(
    "feeds",
    0x416E6765,  # "Ange"
    (
        """
        CREATE TABLE consumer (name TEXT PRIMARY KEY, began_at INTEGER NOT NULL, looked_at INTEGER NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE position (
            consumer TEXT NOT NULL,
            account TEXT NOT NULL,
            modseq INTEGER NOT NULL,
            PRIMARY KEY (consumer, account)
        ) WITHOUT ROWID;
        CREATE TABLE noted (consumer TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (consumer, account))
            WITHOUT ROWID;
        """,
    ),
)


def open_connection(path: str, *, writing: bool, vfs: str | None = None) -> apsw.Connection:
    """A connection with the settings that durability rests on; the file must be there, empty or not.

    SQLite never makes a file: one that was put aside or removed must not come back as an empty one.
    """
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    # A checkpoint at close would run wherever the last connection happens to go; the pool does it instead.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.pragma("synchronous", 2)
    connection.pragma("cache_size", -512)
    connection.pragma("mmap_size", 0)
    connection.wal_autocheckpoint(0)
    if not writing:
        connection.pragma("query_only", 1)
    return connection


def open_for_writing(path: str, schema: Schema, *, vfs: str | None = None) -> apsw.Connection:
    """Open a file, fill an empty one or migrate what it holds; the caller holds the file's lock.

    StoreDamaged where it is not a database of this kind, SchemaTooNew where a later version forbids writing.
    """
    with _opened(path, writing=True, vfs=vfs) as connection:
        found = connection.pragma("application_id")
        if found == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
            _create(connection, schema)
        elif found != schema.application_id:
            raise StoreDamaged(f"{path} is not a database of kind {schema.kind}")
        _migrate(connection, path, schema)
    return connection


def open_for_reading(path: str, schema: Schema, *, vfs: str | None = None) -> apsw.Connection:
    """Open a file that holds something; StoreDamaged, SchemaTooNew."""
    with _opened(path, writing=False, vfs=vfs) as connection:
        if connection.pragma("application_id") != schema.application_id:
            raise StoreDamaged(f"{path} is not a database of kind {schema.kind}")
        reads_from = connection.execute("SELECT reads_from FROM format").get
        if reads_from > schema.version:
            raise SchemaTooNew(f"{path} needs version {reads_from} of the {schema.kind} schema to be read")
    return connection


def is_older(connection: apsw.Connection, schema: Schema) -> bool:
    """Whether the file waits for a migration."""
    return bool(connection.execute("SELECT version FROM format").get < schema.version)


@contextmanager
def _opened(path: str, *, writing: bool, vfs: str | None) -> Iterator[apsw.Connection]:
    """A connection that is closed where what is done with it fails; SQLite's errors name the file."""
    connection: apsw.Connection | None = None
    try:
        connection = open_connection(path, writing=writing, vfs=vfs)
        yield connection
    except BaseException as error:
        if connection is not None:
            connection.close(True)
        if isinstance(error, apsw.NotADBError | apsw.CorruptError):
            raise StoreDamaged(f"{path} is damaged: {error}") from error
        raise


def _create(connection: apsw.Connection, schema: Schema) -> None:
    connection.pragma("page_size", 4096)
    connection.pragma("auto_vacuum", 2)
    connection.pragma("journal_mode", "wal")
    with connection:
        connection.pragma("application_id", schema.application_id)
        connection.execute("CREATE TABLE format (version INTEGER, reads_from INTEGER, writes_from INTEGER)")
        connection.execute("INSERT INTO format VALUES (0, 1, 1)")
        _apply(connection, schema.migrations, schema)


def _migrate(connection: apsw.Connection, path: str, schema: Schema) -> None:
    version, writes_from = connection.execute("SELECT version, writes_from FROM format").fetchone() or (0, 0)
    if writes_from > schema.version:
        raise SchemaTooNew(f"{path} needs version {writes_from} of the {schema.kind} schema to be written")
    if version < schema.version:
        with connection:
            _apply(connection, schema.migrations[version:], schema)


def _apply(connection: apsw.Connection, migrations: Sequence[str], schema: Schema) -> None:
    for migration in migrations:
        connection.execute(migration)
    connection.execute(
        "UPDATE format SET version = ?, reads_from = ?, writes_from = ?",
        (schema.version, schema.reads_from, schema.writes_from),
    )
