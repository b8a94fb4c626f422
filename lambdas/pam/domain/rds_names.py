"""How RDS names its things, as far as PAM goes by it."""

import re

PROXY_ID = "prx-"
MANAGED = "rds!"
"""How the names of secrets begin that RDS makes and rotates by itself. They hold a user and a
password only, and nobody else may write them."""
_PROXY_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)+proxy-[a-z0-9]+\.[a-z0-9-]+\.rds\.[a-z0-9.-]+", re.ASCII | re.IGNORECASE
)
WHY_NO_PROXY = (
    "an RDS Proxy cannot be lent: it logs in to the database by itself, so that it knows no "
    "session's user, and it refuses the settings that PAM's connections start with. Name the "
    "endpoint of the instance or the cluster"
)


def is_proxy_host(host: str) -> bool:
    """Whether this is an endpoint of a proxy: `NAME.proxy-ID.REGION.rds.SUFFIX`, or one more that
    was made for it.
    """
    return _PROXY_HOST.fullmatch(host.rstrip(".")) is not None
