"""`make destroy`: what goes, what stays, and what keeps it from going."""

from pathlib import Path

import pytest

from deployment.destroy import destroy
from deployment.environment import Refused
from stacks.config import ConfigError, DeployConfig
from tests.deployment.assemblies import (
    FORWARDER,
    FOUNDATION,
    HOME,
    REGION,
    SERVICE,
    WITNESS,
    WITNESS_STACK,
    Account,
    Cdk,
)

CONFIG = DeployConfig(env_name="prod", region=REGION, account=HOME, witness_account=WITNESS)
SESSION = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"


def account(*, protected: bool = False, **more: object) -> Account:
    cdk = Cdk(retains=protected, **more)  # type: ignore[arg-type]
    for name in (FOUNDATION, SERVICE, FORWARDER):
        cdk.there[name] = {
            "StackStatus": "CREATE_COMPLETE",
            "EnableTerminationProtection": protected and name == FOUNDATION,
            "region": "us-east-1" if name == FORWARDER else REGION,
        }
    return Account(cdk)


def run(
    there: Account,
    folder: Path,
    *,
    yes: str = "prod",
    answer: str | None = None,
    abandon: bool = False,
) -> tuple[int, str]:
    said: list[str] = []

    def ask(question: str) -> str:
        said.append(question)
        assert not there.cdk.destroyed
        return answer or ""

    code = destroy(
        CONFIG,
        there.clients,
        there.cdk,
        folder=folder,
        ask=None if answer is None else ask,
        yes=yes,
        abandon=abandon,
        say=said.append,
    )
    return code, "\n".join(said)


def test_each_stack_goes_before_what_it_depends_on(tmp_path: Path) -> None:
    there = account()

    code, said = run(there, tmp_path)

    assert code == 0
    assert there.cdk.destroyed.index(SERVICE) < there.cdk.destroyed.index(FOUNDATION)
    assert there.cdk.destroyed.index(FORWARDER) < there.cdk.destroyed.index(SERVICE)
    assert there.cdk.there == {}
    assert f"goes: {FOUNDATION}" in said


def test_what_stays_is_told_before_and_how_to_remove_it_afterwards(tmp_path: Path) -> None:
    _, said = run(account(), tmp_path)

    assert "stays after it: AWS::Logs::LogGroup the-Log: the audit log" in said
    assert "the-Bus" not in said
    assert "aws logs delete-log-group --log-group-name the-Log --region eu-west-1" in said


def test_what_is_protected_stays_and_its_protection_is_not_lifted(tmp_path: Path) -> None:
    there = account(protected=True)

    code, said = run(there, tmp_path)

    assert code == 0
    assert set(there.cdk.there) == {FOUNDATION}
    assert there.cdk.there[FOUNDATION]["EnableTerminationProtection"] is True
    assert f"--region {REGION} --stack-name {FOUNDATION}" in said
    assert run(there, tmp_path) == (1, run(there, tmp_path)[1])
    assert "nothing goes" in run(there, tmp_path)[1]


def test_another_accounts_stack_is_named_and_left_alone(tmp_path: Path) -> None:
    there = account()
    there.cdk.there[WITNESS_STACK] = {"StackStatus": "CREATE_COMPLETE", "region": REGION}

    _, said = run(there, tmp_path)

    assert set(there.cdk.there) == {WITNESS_STACK}
    assert f"AWS_PROFILE=<one of account {WITNESS}> make destroy ENV=prod" in said


@pytest.mark.parametrize("partition", ["AT_STAKE", "WAITING"])
def test_while_a_session_is_open_nothing_goes(tmp_path: Path, partition: str) -> None:
    there = account()
    there.open_sessions[partition] = [SESSION]

    with pytest.raises(Refused, match="SESSIONS=abandon"):
        run(there, tmp_path)
    assert there.cdk.destroyed == []

    code, said = run(there, tmp_path, abandon=True)
    assert code == 0
    assert SESSION in said


def test_a_session_that_is_opened_while_somebody_thinks_keeps_it_from_going(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = account()
    monkeypatch.setattr(
        "deployment.destroy._say_plan",
        lambda *_: there.open_sessions.update(AT_STAKE=[SESSION]) or [],
    )

    with pytest.raises(Refused, match="sessions are open"):
        run(there, tmp_path)
    assert there.cdk.destroyed == []


def test_denies_that_would_stay_for_good_are_told(tmp_path: Path) -> None:
    there = account()
    there.open_sessions["ENDED"] = [SESSION]

    code, said = run(there, tmp_path)

    assert code == 0
    assert "1 ended session(s) still have a deny" in said


def test_it_asks_for_the_name_and_takes_no_other(tmp_path: Path) -> None:
    for answer in ("", "y", "yes", "uat", "PROD"):
        there = account()
        with pytest.raises(Refused, match="nothing was removed"):
            run(there, tmp_path, yes="", answer=answer)
        assert there.cdk.destroyed == []
    there = account()
    assert run(there, tmp_path, yes="", answer="prod")[0] == 0
    assert there.cdk.there == {}


@pytest.mark.parametrize("yes", ["", "uat", "1", "yes"])
def test_where_nobody_can_be_asked_the_name_has_to_be_said(tmp_path: Path, yes: str) -> None:
    there = account()

    with pytest.raises(ConfigError, match="YES="):
        run(there, tmp_path, yes=yes)
    assert there.cdk.destroyed == []
    assert there.cdk.synthesised == []


def test_what_follows_a_stack_that_cannot_go_is_left(tmp_path: Path) -> None:
    there = account(fails_at=SERVICE)

    code, _ = run(there, tmp_path)

    assert code == 1
    assert set(there.cdk.there) == {SERVICE, FOUNDATION}


def test_where_nothing_stands_nothing_is_asked(tmp_path: Path) -> None:
    there = Account(Cdk())

    assert run(there, tmp_path, yes="", answer="no")[0] == 0
    assert there.cdk.destroyed == []
