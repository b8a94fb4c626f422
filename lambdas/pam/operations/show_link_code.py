"""A surface shows one of its principals the code by which a person can take it for theirs."""

from datetime import datetime

from pam.domain import links
from pam.domain.links import ShownCode
from pam.ids import new_link_code
from pam.ports.links import CodeKeeper


def show_link_code(
    principal: str, *, display: str, team: str, basis: str, now: datetime, keeper: CodeKeeper
) -> str:
    """The code, to be shown once and kept nowhere; any earlier one of the principal is void."""
    code = new_link_code()
    keeper.show(
        ShownCode(
            digest=links.digest_of(code),
            principal=principal,
            display=display,
            team=team,
            basis=basis,
            until=now + links.CODE_HOLDS,
        )
    )
    return code
