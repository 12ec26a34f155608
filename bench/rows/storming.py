"""Two hundred phones that log in at the same moment."""

from bench.bed import Bed, Sample


def come_first(bed: Bed) -> Sample:
    """The first login of each: the hashes of passwords are computed."""
    wave = bed.storm().first
    return Sample(wave.cpu_ms, wave.wall_ms)


def come_again(bed: Bed) -> Sample:
    """Connection, handshake, LOGIN, LOGOUT, where the passwords are known."""
    wave = bed.storm().again
    return Sample(wave.cpu_ms, wave.wall_ms)


def stop_loop(bed: Bed) -> Sample:
    """The longest stall of the loop in all waves; 0 where none was long enough to be noted."""
    return Sample(max((stall.duration_ms for stall in bed.storm().stalls), default=0.0))


def compute_in_stall(bed: Bed) -> Sample:
    """As `stop_loop`, without what the loop waited for processors that others had."""
    return Sample(max((stall.cpu_ms for stall in bed.storm().stalls), default=0.0))
