"""All rows, in the order in which they are measured: memory last, since it leaves servers with
hundreds of processes to end."""

from typing import Final

from bench.rows.changing import store_all, store_one
from bench.rows.delivering import append_to_many, append_to_one, deliver, deliver_to_fifty, hear_of_delivery
from bench.rows.filtering import deliver_by_script, deliver_small, deliver_small_by_script, run_script
from bench.rows.popping import list_maildrop, open_maildrop, retrieve
from bench.rows.reading import (
    fetch_body,
    fetch_bodystructure,
    fetch_envelope,
    fetch_flags,
    fetch_header_fields,
    search_from_10k,
    search_from_100k,
    search_since_10k,
    search_since_100k,
    select_10k,
    select_100k,
    sort_by_subject,
    thread_by_references,
)
from bench.rows.remaining import stay_plain, stay_with_tls
from bench.rows.row import Goal, Row, Unit
from bench.rows.scanning import scan_message
from bench.rows.storming import come_again, come_first, compute_in_stall, stop_loop
from bench.rows.visiting import ask_for_status, list_mailboxes, log_in_and_out

_OF_A_SCRIPT: Final = Goal(None, None, 0.15)
_OF_A_STALL: Final = Goal(None, None, 5)

ROWS: Final = (
    Row(key="lmtp", title="LMTP delivery, 55 KB mean", measure=deliver, goal=Goal(1.37, 1.1, 0.8)),
    Row(key="lmtp50", title="LMTP, 50 recipients, each", measure=deliver_to_fifty, goal=Goal(0.67, 0.47, 0.30)),
    Row(key="sieve", title="LMTP delivery, 20-rule script", measure=deliver_by_script, goal=None),
    Row(
        key="sieveadds",
        title="what the script adds",
        measure=deliver_small_by_script,
        beyond=deliver_small,
        goal=_OF_A_SCRIPT,
        rounds=5,
    ),
    Row(key="login", title="login and logout", measure=log_in_and_out, goal=Goal(0.44, 0.43, 0.20), rounds=5),
    Row(key="select", title="SELECT again, 10k", measure=select_10k, goal=Goal(0.90, 0.035, 0.05)),
    Row(key="select100k", title="SELECT again, 100k", measure=select_100k, goal=Goal(7.7, 0.035, 0.05), is_extra=True),
    Row(key="flags", title="FETCH FLAGS, each of 10k", measure=fetch_flags, goal=Goal(0.0005, 0.0005, 0.0004)),
    Row(key="envelope", title="FETCH ENVELOPE SIZE DATE", measure=fetch_envelope, goal=Goal(0.0035, 0.0089, 0.0015)),
    Row(
        key="bodystructure", title="FETCH BODYSTRUCTURE", measure=fetch_bodystructure, goal=Goal(0.0019, 0.0013, 0.0012)
    ),
    Row(key="fields", title="FETCH ten header fields", measure=fetch_header_fields, goal=Goal(0.039, 0.0033, 0.0033)),
    Row(key="body", title="FETCH BODY[], 70 KB", measure=fetch_body, goal=Goal(0.080, 0.047, 0.047)),
    Row(key="from", title="SEARCH FROM in 10k", measure=search_from_10k, goal=Goal(33, 23, 2)),
    Row(key="from100k", title="SEARCH FROM in 100k", measure=search_from_100k, goal=Goal(270, 214, 15), is_extra=True),
    Row(key="since", title="SEARCH SINCE in 10k", measure=search_since_10k, goal=Goal(1.4, 11, 0.3)),
    Row(key="since100k", title="SEARCH SINCE in 100k", measure=search_since_100k, goal=Goal(16, 110, 1), is_extra=True),
    Row(key="sort", title="SORT SUBJECT of 10k", measure=sort_by_subject, goal=Goal(34, 3.5, 3.5)),
    Row(key="thread", title="THREAD REFERENCES of 10k", measure=thread_by_references, goal=Goal(50, 28, 25)),
    Row(key="store", title="STORE one flag", measure=store_one, goal=Goal(0.22, 0.034, 0.10)),
    Row(key="storeall", title="STORE, each of 10k", measure=store_all, goal=Goal(0.005, 0.0002, 0.0005)),
    Row(key="append", title="APPEND, 16 clients, one mailbox", measure=append_to_one, goal=Goal(0.90, 0.44, 0.40)),
    Row(key="append16", title="APPEND, 16 clients, 16 users", measure=append_to_many, goal=Goal(0.90, 0.44, 0.40)),
    Row(key="list", title="LIST 2,000", measure=list_mailboxes, goal=Goal(26, 9.2, 9)),
    Row(key="status", title="STATUS, each of 2,000", measure=ask_for_status, goal=Goal(0.11, 0.023, 0.02)),
    Row(
        key="idle",
        title="delivery to IDLE notice, median",
        measure=hear_of_delivery,
        goal=Goal(3.3, 502, 3),
        unit=Unit.WALL_MS,
        rounds=1,
    ),
    Row(
        key="memory",
        title="memory of an idle connection",
        measure=stay_plain,
        goal=Goal(3380, 550, 10),
        unit=Unit.KILOBYTES,
        rounds=1,
    ),
    Row(
        key="memorytls",
        title="memory of an idle connection, TLS",
        measure=stay_with_tls,
        goal=Goal(3380, 550, 30),
        unit=Unit.KILOBYTES,
        rounds=1,
    ),
    Row(key="retr", title="POP3 RETR, 70 KB", measure=retrieve, goal=None, is_own=True),
    Row(
        key="maildrop100k",
        title="POP3 login and STAT, 100k",
        measure=open_maildrop,
        goal=None,
        is_own=True,
        is_extra=True,
    ),
    Row(
        key="uidl100k",
        title="POP3 LIST and UIDL, each of 100k",
        measure=list_maildrop,
        goal=None,
        is_own=True,
        is_extra=True,
    ),
    Row(
        key="phones",
        title="200 phones log in at once, TLS",
        measure=come_first,
        goal=None,
        rounds=1,
        is_own=True,
        is_extra=True,
    ),
    Row(key="phonesagain", title="and again", measure=come_again, goal=None, rounds=1, is_own=True, is_extra=True),
    Row(
        key="stall",
        title="longest stall of the loop then",
        measure=stop_loop,
        goal=_OF_A_STALL,
        unit=Unit.WALL_MS,
        rounds=1,
        is_own=True,
        is_extra=True,
    ),
    Row(
        key="stallcpu",
        title="what the loop computed in one",
        measure=compute_in_stall,
        goal=_OF_A_STALL,
        rounds=1,
        is_own=True,
        is_extra=True,
    ),
    Row(key="scan", title="MIME scan of 10 KB", measure=scan_message, goal=None, is_own=True),
    Row(key="interpret", title="20-rule script alone", measure=run_script, goal=_OF_A_SCRIPT, is_own=True),
)
