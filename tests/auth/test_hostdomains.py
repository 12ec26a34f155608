import asyncio

import pytest
from tests.auth.world import Clock

from angarium.auth.hostdomains import HostDomains


def test_the_domain_is_behind_the_first_dot_of_the_name(runner: asyncio.Runner, clock: Clock) -> None:
    names = {"192.0.2.1": "Mail.Example.ORG", "192.0.2.2": "localhost"}
    asked: list[str] = []

    def name_of(address: str) -> str:
        asked.append(address)
        return names[address]

    async def check() -> None:
        domains = HostDomains(name_of=name_of, clock_s=clock)
        assert domains.known("192.0.2.1") is None
        for address in (*names, *names):
            await domains.learn(address)
        assert [domains.known(address) for address in names] == ["example.org", None]
        assert asked == list(names)
        clock.now_s += 4000
        names["192.0.2.1"] = "mail.example.net"
        await domains.learn("192.0.2.1")
        assert domains.known("192.0.2.1") == "example.net"

    runner.run(check())


def test_an_address_without_a_name_has_none_and_one_that_had_keeps_it(
    runner: asyncio.Runner, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[str | OSError] = [OSError("no name"), "mail.example.org", OSError("away")]

    def name_of(_: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def check() -> None:
        domains = HostDomains(name_of=name_of, clock_s=clock)
        seen = []
        for _ in range(3):
            await domains.learn("192.0.2.1")
            seen.append(domains.known("192.0.2.1"))
            clock.now_s += 4000
        assert seen == [None, "example.org", "example.org"]

    runner.run(check())
    assert [record.msg for record in caplog.records] == ["server_address_without_name"] * 2
