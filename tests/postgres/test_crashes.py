"""A crash between any two statements leaves nothing that the session's end does not find."""

from collections.abc import Callable
from typing import Any

import pytest

from pam.domain.session import Session
from pam.ports.targets import LoginCredentials
from pam.postgres.secret_issuer import RotatedSecretIssuer
from tests.postgres.bank import Bank, is_let_in, now
from tests.postgres.crashing import Burning, Crash, Fuse, statements

Act = Callable[[Bank, Session], object]
MOST = 200
"""Statements of an act. It has a dozen or two, and more for as long as a busy server lets it wait.
"""


def active(bank: Bank, session: Session) -> Session:
    """The same session, made and with an end."""
    return bank.activated(session)


ACTS: dict[str, Act] = {
    "activate": lambda bank, session: bank.issuer_of(session).activate(session, now()),
    "lease": lambda bank, session: bank.issuer_of(session).lease(session, now()),
    "end": lambda bank, session: bank.issuer_of(session).end(session, now()),
}


def crashed(act: Callable[[], object]) -> bool:
    try:
        act()
    except Crash:
        return True
    return False


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ACTS)
def test_a_user_is_gone_in_the_end_whichever_statement_the_crash_was_at(
    bank: Bank, name: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, MOST):
        session = bank.session()
        lease: LoginCredentials | None = None
        if name != "activate":
            session = active(bank, session)
        if name == "end":
            lease = bank.users.lease(session, now())
        fuse = Fuse(number, after=after)
        with statements(fuse, monkeypatch):
            died = crashed(lambda session=session: ACTS[name](bank, session))
        bank.users.end(session, now())
        assert bank.roles() == {}, number
        assert lease is None or not is_let_in(lease)
        if not died:
            assert number > 1, "no statement was ever at risk"
            return
    pytest.fail("the act never came to its end")


@pytest.mark.guarantee("G6")
@pytest.mark.usefixtures("asks_again_soon")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("where", ["statements", "secrets", "checkouts"])
def test_an_account_is_free_and_its_password_new_whichever_step_the_crash_was_at(
    bank: Bank, name: str, after: bool, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, MOST):
        session = bank.reports_session()
        bank.reports.reserve(session, now())
        leases: list[Any] = []
        if name != "activate":
            session = active(bank, session)
            leases.append(bank.reports.lease(session, now()))
        fuse = Fuse(number, after=after)
        real = bank.reports
        bank.reports = RotatedSecretIssuer(
            Burning(bank.secrets, fuse) if where == "secrets" else bank.secrets,
            bank.databases,
            Burning(bank.checkouts, fuse) if where == "checkouts" else bank.checkouts,
        )
        if where == "statements":
            with statements(fuse, monkeypatch):
                died = crashed(lambda session=session: ACTS[name](bank, session))
        else:
            died = crashed(lambda session=session: ACTS[name](bank, session))
        bank.reports = real
        bank.reports.end(session, now())
        assert not any(is_let_in(lease) for lease in leases), number
        assert bank.checkouts.held == {}
        if not died:
            return
    pytest.fail("the act never came to its end")
