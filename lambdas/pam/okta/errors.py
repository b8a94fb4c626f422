"""What may come of a call to Okta, beside its answer. None of them has a token, a key or a proof,
and none is chained to an error that may have one.
"""


class OktaFailed(Exception):
    """`says` is a short sentence of ours, with no text of anybody else's."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


class Limited(OktaFailed):
    """Too many calls for longer than this one may take. It was not done."""


class Unanswered(OktaFailed):
    """Okta did not answer in time, or not as it does. What was asked for may have been done."""


class TooLong(Unanswered):
    """A list goes on for longer than PAM reads it."""


class Locked(OktaFailed):
    """There is no token to be had just now, so nothing was asked for."""


class Refused(OktaFailed):
    """Okta will not do this, whenever it is asked: a right is missing, or the call is at fault."""


class Gone(OktaFailed):
    """Okta knows no such thing, or does not show it to PAM."""
