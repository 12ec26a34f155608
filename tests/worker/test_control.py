import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config import CheckpointCommand
from angarium.worker.control import (
    PAM_SERVICES,
    AddSockets,
    Adopt,
    CheckPam,
    ChildFinished,
    ControlError,
    Drain,
    MasterMessage,
    OperationFinished,
    Ready,
    Release,
    Retire,
    RunChild,
    RunOperation,
    StartFailed,
    WorkerMessage,
    control_pair,
    parse_worker_message,
    receive_from_master,
    receive_from_worker,
    send_to_master,
    send_to_worker,
    serialize_worker_message,
)

WORKER_MESSAGES: st.SearchStrategy[WorkerMessage] = st.one_of(
    st.just(Ready()),
    st.just(Retire()),
    st.builds(StartFailed, st.text(max_size=100), st.booleans()),
    st.builds(OperationFinished, st.integers(0, 2**40), st.booleans()),
    st.builds(
        CheckPam,
        st.integers(0, 2**40),
        st.sampled_from(sorted(PAM_SERVICES)),
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=100),
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=100),
        st.sampled_from(["", "192.0.2.1"]),
    ),
    st.builds(
        RunChild,
        st.integers(0, 2**40),
        st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1).map(tuple),
        st.binary(),
        st.floats(0.001, 86_000),
        st.sampled_from(["", "/stage/1", "/caf\u00e9"]),
        st.lists(
            st.tuples(st.sampled_from(["USER", "_a1"]), st.text(st.characters(exclude_characters="\0", codec="utf-8")))
        ).map(tuple),
    ),
)


@given(WORKER_MESSAGES)
def test_a_worker_s_message_comes_through(message: WorkerMessage) -> None:
    assert parse_worker_message(serialize_worker_message(message)) == message


@given(st.binary())
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ControlError):
        parse_worker_message(data)


@pytest.mark.parametrize(
    "data",
    [
        b'["ready", 1]',
        b'["start-failed", 1, true]',
        b'["run-child", 1, [], "", 1.0, "", []]',
        b'["run-child", 1, ["a", 2], "", 1.0, "", []]',
        b'["run-child", 1, ["a\\u0000b"], "", 1.0, "", []]',
        b'["run-child", 1, ["a"], "*", 1.0, "", []]',
        b'["run-child", 1, ["a"], "", 0, "", []]',
        b'["run-child", 1, ["a"], "", NaN, "", []]',
        b'["run-child", 1, ["a"], "", 1e99, "", []]',
        b'["run-child", 1, ["a"], "", 1.0]',
        b'["run-child", 1, ["a"], "", 1.0, "relative", []]',
        b'["run-child", 1, ["a"], "", 1.0, "/a\\u0000b", []]',
        b'["run-child", 1, ["a"], "", 1.0, "", [["A", "1", "2"]]]',
        b'["run-child", 1, ["a"], "", 1.0, "", [["A=B", "1"]]]',
        b'["run-child", 1, ["a"], "", 1.0, "", [["A", "\\u0000"]]]',
        b'["check-pam", 1, "su", "alice", "secret", ""]',
        b'["check-pam", 1, "../imap", "alice", "secret", ""]',
        b'["check-pam", 1, "imap", "", "secret", ""]',
        b'["check-pam", 1, "imap", "alice", "", ""]',
        b'["check-pam", 1, "imap", "alice", "a\\u0000b", ""]',
        b'["check-pam", 1, "imap", "alice", "' + b"x" * 512 + b'", ""]',
        b'["check-pam", 1, "imap", "alice", "secret"]',
        b'["check-pam", 1, "imap", "alice", ["secret"], ""]',
        b'["operation-finished", "1", true]',
        b"[" * 100_000,
        b"{}",
    ],
)
def test_malformed_messages_are_refused(data: bytes) -> None:
    with pytest.raises(ControlError):
        parse_worker_message(data)


@pytest.mark.parametrize(
    "message",
    [
        Adopt(3),
        Release(3),
        Drain(1.5),
        RunOperation(7, "checkpoint", "ctl_cyrusdb -c", CheckpointCommand()),
        ChildFinished(1, 2, b"text", timed_out=False, refused=False),
    ],
)
def test_the_master_s_messages_come_through(message: MasterMessage) -> None:
    master, worker = control_pair()
    with master, worker:
        send_to_worker(master, message)
        assert receive_from_master(worker) == (message, [])
        with pytest.raises(BlockingIOError):
            receive_from_master(worker)


def test_sockets_travel_beside_a_message() -> None:
    master, worker = control_pair()
    with master, worker, socket.create_server(("127.0.0.1", 0)) as listening:
        message = AddSockets("key", is_shared=True)
        send_to_worker(master, message, [listening])
        received = receive_from_master(worker)
        assert received is not None
        assert received[0] == message
        (passed,) = received[1]
        with passed:
            assert passed.getsockname() == listening.getsockname()
            assert not passed.get_inheritable()


def test_the_end_of_the_other_is_seen() -> None:
    master, worker = control_pair()
    with worker:
        master.close()
        assert receive_from_master(worker) is None
    master, worker = control_pair()
    with master:
        send_to_master(worker, Ready())
        worker.close()
        assert receive_from_worker(master) == Ready()
        assert receive_from_worker(master) is None
