"""All durations of the host, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """From the last sign of life on any of its connections to the end of the process go at most
    `silence + tick + leave_within + goodbye_within`: under ten seconds. At first, and while Slack
    itself says wait, `start_within` takes the place of `silence`.
    """

    ping_interval: float = 3
    start_within: float = 90
    """So long may a connection be missing at first, or while Slack says wait."""
    answer_within: float = 2.6
    """From the receipt of an envelope until its answer must be there. Slack gives up after 3."""
    old_lives: float = 15
    """A connection that was told to leave is still read for so long. Slack closes it before."""
    leave_within: float = 3
    """For what is in hand when the process ends."""
    goodbye_within: float = 0.5
    """For Slack to close, after that."""
    stagger: float = 5
    """Between the first openings, so that Slack does not refresh all at once."""
    tick: float = 0.25
    settled: float = 0.5
    """A connection that lived for so long was a good one: the next is opened without a pause."""
    first_pause: float = 0.25
    longest_pause: float = 10
    crowded_pause: float = 5
    """The first after `too_many_websockets`."""
    heartbeat: float = 60
    """Between two lines that say that all is well."""

    @property
    def silence(self) -> float:
        """An open connection must have said hello, and answered a ping, within so long."""
        return 2 * self.ping_interval
