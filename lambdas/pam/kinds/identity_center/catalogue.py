"""`kind: identity-center` in the catalogue."""

from typing import Annotated, Literal

from pam.policy.fields import Account, IssuerEntry, spelled

_PARTITION = r"aws(?:-[a-z]{1,8}){0,2}"


class Entry(IssuerEntry):
    """A permission set that is PAM's alone: what stands in its inline policy, PAM writes."""

    kind: Literal["identity-center"]
    instance: Annotated[
        str,
        spelled(
            rf"arn:{_PARTITION}:sso:::instance/ssoins-[A-Za-z0-9.-]{{16}}",
            "an instance is its ARN, arn:aws:sso:::instance/ssoins- and 16 characters",
        ),
    ]
    identity_store: Annotated[
        str,
        spelled(
            r"d-[0-9a-f]{10}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "an identity store is its id, d- and 10 hexadecimal digits",
        ),
    ]
    account: Account | None = None
    """Where the access is; PAM's own, if it is not said."""
    permission_set: Annotated[
        str,
        spelled(
            rf"arn:{_PARTITION}:sso:::permissionSet/ssoins-[A-Za-z0-9.-]{{16}}/"
            r"ps-[A-Za-z0-9.-]{16}",
            "a permission set is its ARN, arn:aws:sso:::permissionSet/ssoins-.../ps-...",
        ),
    ]
    permission_set_name: Annotated[
        str,
        spelled(
            r"[\w+=,.@-]{1,32}",
            "a permission set's name has 1 to 32 of A-Z, a-z, 0-9 and _+=,.@-",
        ),
    ]
    portal: Annotated[
        str,
        spelled(
            r"https://[a-z0-9][a-z0-9.-]{1,120}(?:/[\w./-]{0,100})?",
            "the access portal is its address, https://d-....awsapps.com/start",
        ),
    ]

    def fault(self) -> str | None:
        instance = self.instance.rpartition("/")[2]
        if f"/{instance}/" not in self.permission_set:
            return f"the permission set is not of the instance {instance}"
        if self.instance.split(":")[1] != self.permission_set.split(":")[1]:
            return "the instance and the permission set are in two partitions of AWS"
        return None
