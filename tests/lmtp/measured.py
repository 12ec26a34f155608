"""LMTP over a store on disk in a process of its own, whose memory a test looks at: `python -m tests.lmtp.measured DIR`.

It serves `DIR/lmtp` until its standard input ends, and prints a line when it is ready.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from tests.lmtp.post import Post, settings
from tests.store.world import World

from angarium.lmtp import lmtp_protocols


async def serve(directory: Path) -> None:
    """Serve alice and bob."""
    world = await World.open("sqlite", directory)
    loop = asyncio.get_running_loop()
    async with await loop.create_unix_server(lmtp_protocols(Post(world, settings()).host()), str(directory / "lmtp")):
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
    await world.engine.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1])))
