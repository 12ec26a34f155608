import asyncio
import threading
from pathlib import Path

import pytest
from tests.auth.world import Clock

from angarium.auth import Groups
from angarium.config import parse_settings
from angarium.errors import AuthenticationUnavailable
from angarium.names import NameSettings, UserId

ALICE, BOB = UserId("alice"), UserId("bob", "example.org")
STAFF = frozenset({"staff"})


class Source:
    """Answers at once, unless it is told to fail or to wait."""

    def __init__(self, groups: dict[str, set[str]], name: str = "fake") -> None:
        self.name = name
        self.groups = groups
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.was_asked = threading.Event()

    def groups_of(self, userid: str) -> frozenset[str]:
        self.asked.append(userid)
        self.was_asked.set()
        self.may_answer.wait(30)
        if self.error is not None:
            raise self.error
        return frozenset(self.groups.get(userid, ()))


async def is_unavailable(groups: Groups, userid: UserId) -> bool:
    try:
        await groups.of(userid)
    except AuthenticationUnavailable:
        return True
    return False


def test_without_a_source_nobody_is_in_a_group(runner: asyncio.Runner) -> None:
    groups = Groups([], kept_s=60)
    assert runner.run(groups.of(ALICE)) == frozenset()
    assert len(groups) == 0


def test_all_sources_add_up_in_the_form_that_acls_have(runner: asyncio.Runner, clock: Clock) -> None:
    sources = [
        Source({"alice": {"staff", "Domain Users"}}),
        Source({"alice": {"bu\u0308ro", "Staff"}, "bob@example.org": {"guests"}}),
    ]
    groups = Groups(sources, kept_s=60, clock_s=clock)
    assert runner.run(groups.of(ALICE)) == {"staff", "Staff", "Domain Users", "b\u00fcro"}
    assert runner.run(groups.of(BOB)) == {"guests"}
    assert runner.run(groups.of(UserId("bob"))) == frozenset()


def test_an_answer_is_kept_and_then_asked_for_anew(runner: asyncio.Runner, clock: Clock) -> None:
    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=60, clock_s=clock)
    assert runner.run(groups.of(ALICE)) == STAFF
    source.groups = {}
    clock.now_s += 59
    assert runner.run(groups.of(ALICE)) == STAFF
    assert source.asked == ["alice"]
    clock.now_s += 1
    assert runner.run(groups.of(ALICE)) == frozenset()
    assert source.asked == ["alice", "alice"]


def test_nothing_is_kept_where_that_is_asked_for(runner: asyncio.Runner, clock: Clock) -> None:
    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=0, clock_s=clock)
    assert runner.run(groups.of(ALICE)) == STAFF
    source.groups = {}
    assert runner.run(groups.of(ALICE)) == frozenset()
    source.error = OSError("gone")
    assert runner.run(is_unavailable(groups, ALICE))


@pytest.mark.parametrize("error", [OSError("no such file"), ValueError("line 1 is wrong"), RuntimeError("a bug")])
def test_a_source_that_fails_is_a_temporary_failure_told_once(
    runner: asyncio.Runner, clock: Clock, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level("INFO")
    good, bad = Source({"alice": {"staff"}}), Source({}, "bad")
    bad.error = error
    groups = Groups([good, bad], kept_s=60, clock_s=clock)
    for _ in range(3):
        # Not with the groups of the other source: this one may hold a group that is denied something.
        assert runner.run(is_unavailable(groups, ALICE))
        clock.now_s += 100
    assert [(each.message, each.__dict__["source"], each.__dict__["reason"]) for each in caplog.records] == [
        ("groups_unavailable", "bad", str(error))
    ]
    bad.error = None
    assert runner.run(groups.of(ALICE)) == STAFF
    assert caplog.messages == ["groups_unavailable", "groups_available"]


def test_after_a_failure_nobody_is_asked_for_a_moment(runner: asyncio.Runner, clock: Clock) -> None:
    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=60, clock_s=clock)
    source.error = OSError()
    for _ in range(5):
        assert runner.run(is_unavailable(groups, ALICE))
        assert runner.run(is_unavailable(groups, BOB))
        clock.now_s += 0.9
    assert source.asked == ["alice"]
    source.error = None
    clock.now_s += 1
    assert runner.run(groups.of(ALICE)) == STAFF


def test_what_was_known_holds_for_some_time_while_the_source_is_dead(runner: asyncio.Runner, clock: Clock) -> None:
    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=60, clock_s=clock)
    runner.run(groups.of(ALICE))
    source.error = OSError()
    for _ in range(9):
        clock.now_s += 60
        assert runner.run(groups.of(ALICE)) == STAFF
        assert runner.run(is_unavailable(groups, BOB))
    clock.now_s += 60
    assert runner.run(is_unavailable(groups, ALICE))


def test_a_source_that_never_answers_takes_few_threads_and_little_time(runner: asyncio.Runner, clock: Clock) -> None:
    async def check() -> None:
        source.may_answer.clear()
        users = [UserId(f"u{number}") for number in range(20)]
        assert all(await asyncio.gather(*[is_unavailable(groups, user) for user in users]))
        clock.now_s += 6
        assert await is_unavailable(groups, ALICE)
        assert source.asked == [str(user) for user in users[:4]]
        source.may_answer.set()
        clock.now_s += 6
        assert await groups.of(ALICE) == STAFF
        # An answer that comes too late for its login is there for the next one.
        async with asyncio.timeout(5):
            while len(groups) < 5:  # noqa: ASYNC110 - it comes from a thread that nobody waits for
                await asyncio.sleep(0.001)
        asked = len(source.asked)
        assert await groups.of(users[0]) == frozenset()
        assert len(source.asked) == asked

    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=60, clock_s=clock, wait_s=0.3)
    try:
        runner.run(check())
    finally:
        source.may_answer.set()


def test_sessions_of_one_user_that_come_together_ask_few_times(runner: asyncio.Runner, clock: Clock) -> None:
    async def check() -> None:
        answers = await asyncio.gather(*[groups.of(ALICE) for _ in range(50)])
        assert set(answers) == {STAFF}

    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=60, clock_s=clock)
    runner.run(check())
    assert len(source.asked) <= 4


def test_who_does_not_wait_any_more_keeps_no_place(runner: asyncio.Runner, clock: Clock) -> None:
    async def check() -> None:
        for number in range(6):
            source.may_answer.clear()
            asking = asyncio.create_task(groups.of(UserId(f"u{number}")))
            assert await asyncio.to_thread(source.was_asked.wait, 5)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            source.was_asked.clear()
            source.may_answer.set()
        assert await groups.of(ALICE) == STAFF

    source = Source({"alice": {"staff"}})
    groups = Groups([source], kept_s=60, clock_s=clock)
    runner.run(check())


def test_what_is_kept_is_bounded(runner: asyncio.Runner, clock: Clock) -> None:
    groups = Groups([Source({})], kept_s=60, clock_s=clock, limit=3)
    for number in range(10):
        runner.run(groups.of(UserId(f"u{number}")))
    assert len(groups) == 3


def test_options_name_the_sources(runner: asyncio.Runner, tmp_path: Path) -> None:
    def groups_by(text: str) -> Groups:
        whole = f"configdirectory: /c\npartition-default: /p\n{text}\n"
        return Groups.from_settings(parse_settings(whole, file=tmp_path / "imapd.conf").settings.auth, NameSettings())

    (tmp_path / "group").write_text("staff:x:1:alice,root\n")
    root = UserId("root")
    assert runner.run(groups_by("").of(root)) == frozenset()
    assert "root" in runner.run(groups_by("unix_group_enable: yes").of(root))
    assert runner.run(groups_by(f"groupfile: {tmp_path}/group").of(root)) == STAFF
    both = groups_by(f"auth_mech: unix\nunix_group_enable: yes\ngroupfile: {tmp_path}/group")
    assert runner.run(both.of(root)) >= {"root", "staff"}
    assert runner.run(is_unavailable(groups_by(f"groupfile: {tmp_path}/nosuch"), root))
