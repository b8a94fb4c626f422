"""A crash between any two statements leaves nothing that the session's end does not find."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from pam.domain.session import Session
from pam.ports.targets import LoginCredentials
from pam.postgres.secret_issuer import RotatedSecretIssuer
from tests.postgres.bank import Bank, connect, is_let_in, now
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


@contextmanager
def burning(bank: Bank, fuse: Fuse, where: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """With an issuer of the borrowed account whose every step of this kind burns the fuse."""
    real = bank.reports
    bank.reports = RotatedSecretIssuer(
        Burning(bank.secrets, fuse) if where == "secrets" else bank.secrets,
        bank.databases,
        Burning(bank.checkouts, fuse) if where == "checkouts" else bank.checkouts,
    )
    with statements(fuse, patch) if where == "statements" else nullcontext():
        yield
    bank.reports = real


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
        with burning(bank, fuse, where, monkeypatch):
            died = crashed(lambda session=session: ACTS[name](bank, session))
        bank.reports.end(session, now())
        assert not any(is_let_in(lease) for lease in leases), number
        assert bank.checkouts.held == {}
        if not died:
            return
    pytest.fail("the act never came to its end")


@pytest.mark.usefixtures("asks_again_soon")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("where", ["statements", "secrets", "checkouts"])
def test_what_a_borrower_changed_is_told_whichever_step_the_crash_was_at(
    bank: Bank, after: bool, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that puts it back, and dies, leaves nothing that the next could find."""
    for number in range(1, 60):
        session = bank.reports_session()
        bank.reports.reserve(session, now())
        session = active(bank, session)
        with connect(bank.reports.lease(session, now())) as opened:
            opened.execute("ALTER ROLE reports SET work_mem = '1MB'")
        fuse = Fuse(number, after=after)
        with burning(bank, fuse, where, monkeypatch):
            died = crashed(lambda session=session: ACTS["end"](bank, session))
        assert "setting work_mem put back" in bank.reports.end(session, now()).left, number
        if not died:
            assert number > 1, "no step was ever at risk"
            return
    pytest.fail("the act never came to its end")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_what_a_users_session_changed_is_told_whichever_statement_the_crash_was_at(
    bank: Bank, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or after it, before the receipt was on record."""
    with bank.server.superuser("core_ledger") as owner:
        owner.execute("CREATE TABLE public.theirs (id int)")
        owner.execute("ALTER TABLE public.theirs OWNER TO ledger_operators")
        died, number = True, 0
        try:
            while died and number < 40:
                number += 1
                session = active(bank, bank.session())
                with connect(bank.users.lease(session, now())) as opened:
                    opened.execute("GRANT SELECT ON public.theirs TO PUBLIC")
                with statements(Fuse(number, after=after), monkeypatch):
                    died = crashed(lambda session=session: ACTS["end"](bank, session))
                receipt = bank.users.end(session, now())
                bank.users.clear_traces(session, now())
                assert receipt.left == ("changed table public.theirs",), number
                assert receipt.traces_until is not None
                assert bank.roles() == {}
                owner.execute("REVOKE SELECT ON public.theirs FROM PUBLIC")
        finally:
            owner.execute("DROP TABLE public.theirs")
    assert not died
    assert number > 1, "no statement was ever at risk"
