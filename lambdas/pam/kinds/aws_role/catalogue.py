"""`kind: aws-role` in the catalogue."""

from typing import Annotated, Literal

from pydantic import AfterValidator, StrictBool

from pam.policy.fields import Account, IssuerEntry, Region, spelled, without_slash

_LONGEST_PATH = 512


class Entry(IssuerEntry):
    kind: Literal["aws-role"]
    role_name: Annotated[
        str,
        spelled(
            r"/?(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,51}",
            "a role is its name (1 to 51 of A-Z, a-z, 0-9 and _+=,.@-; not its ARN), with its path "
            "before it where it has one: team/ledger-admin",
        ),
        AfterValidator(without_slash),
    ]
    """51, not IAM's 64: the revoker role beside it carries a suffix."""
    account: Account | None = None
    region: Region | None = None
    iam_writes: StrictBool = False
    """Whether the role is lent in order to change IAM. Every other lease is denied that on all of
    IAM; a lease of this one only on what is PAM's own."""

    def fault(self) -> str | None:
        path = self.role_name.rpartition("/")[0]
        if path.startswith(("aws-reserved", "aws-service-role")):
            return f"AWS lets nobody change a role under /{path.partition('/')[0]}/; lend another"
        if len(path) > _LONGEST_PATH - 2:
            return f"a role's path has at most {_LONGEST_PATH} characters"
        return None

    def things(self) -> frozenset[str]:
        """IAM has no two roles of one name in an account, whatever their paths and their case."""
        return frozenset({f"role {self.role_name.rpartition('/')[2].lower()}"})
