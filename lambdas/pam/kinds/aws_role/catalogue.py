"""`kind: aws-role` in the catalogue."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from pam.policy.fields import Account, IssuerEntry


class Entry(IssuerEntry):
    kind: Literal["aws-role"]
    role_name: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,51}$")]
    """51, not IAM's 64: the revoker role beside it carries a suffix."""
    account: Account | None = None
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None
    iam_writes: StrictBool = False
    """Whether the role is lent in order to change IAM. Every other lease is denied that on all of
    IAM; a lease of this one only on what is PAM's own."""

    def things(self) -> frozenset[str]:
        """IAM has no two roles of an account whose names differ in case only."""
        return frozenset({f"role {self.role_name.lower()}"})
