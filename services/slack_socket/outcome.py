"""Why the process ends; the numbers are its exit codes."""

from enum import IntEnum


class Outcome(IntEnum):
    LEFT = 0
    """It was asked to (SIGTERM), and had finished what it had in hand."""
    UNHEALTHY = 1
    """A connection was missing or silent for too long: start it anew."""
    NEEDS_A_PERSON = 78
    """Nothing gets better by itself: Socket Mode is switched off, the token is not accepted, a
    setting is wrong. (`EX_CONFIG` of sysexits.h.)"""
