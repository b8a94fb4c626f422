"""`make deploy`: what is deployed, in which order, with whose credentials, and how protected."""

from pathlib import Path

import pytest

from deployment.deploy import default_approval, deploy
from deployment.environment import Clients, Refused, read_config
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
OURS = [FOUNDATION, SERVICE, FORWARDER]


def run(account: Account, folder: Path, *, wrong: int = 0) -> tuple[int, str]:
    said: list[str] = []

    def before(_: DeployConfig, clients: Clients, stacks: object) -> int:
        assert not account.cdk.deployed
        assert clients
        assert stacks
        return wrong

    code = deploy(
        CONFIG,
        account.clients,
        account.cdk,
        approval="never",
        folder=folder,
        before=before,
        say=said.append,
    )
    return code, "\n".join(said)


def standing(*names: str, protected: bool = True, status: str = "CREATE_COMPLETE") -> Cdk:
    cdk = Cdk()
    for name in names:
        region = "us-east-1" if name == FORWARDER else REGION
        keeps = protected and name in {FOUNDATION, WITNESS_STACK}
        cdk.there[name] = {
            "StackStatus": status,
            "EnableTerminationProtection": keeps,
            "region": region,
        }
    return cdk


def test_the_first_time_it_deploys_without_protection_and_then_with_it(tmp_path: Path) -> None:
    cdk = Cdk()

    code, said = run(Account(cdk), tmp_path)

    assert code == 0
    assert cdk.deployed == [(False, OURS), (True, OURS)]
    assert cdk.there[FOUNDATION]["EnableTerminationProtection"] is True
    assert "value-of-/bank/prod/mod046/request-api/endpoint" in said
    assert "make smoke ENV=prod" in said


def test_where_the_foundation_stands_its_protection_is_never_lifted(tmp_path: Path) -> None:
    for there in ([FOUNDATION], [FOUNDATION, SERVICE], [FOUNDATION, FORWARDER]):
        cdk = standing(*there)
        assert run(Account(cdk), tmp_path)[0] == 0
        assert cdk.deployed == [(True, OURS)]


def test_each_deployment_is_synthesised_anew_and_nothing_that_was_kept_is_deployed(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        cdk = standing(*OURS)
        (tmp_path / "protected").mkdir(exist_ok=True)
        (tmp_path / "protected" / "manifest.json").write_text("what an earlier one left")
        assert run(Account(cdk), tmp_path)[0] == 0
        assert len(cdk.synthesised) == len(cdk.deployed) == 1


def test_what_keeps_nothing_is_deployed_once(tmp_path: Path) -> None:
    cdk = Cdk(retains=False)

    assert run(Account(cdk), tmp_path)[0] == 0
    assert cdk.deployed == [(False, OURS)]


def test_a_witness_is_deployed_with_the_credentials_of_its_own_account(tmp_path: Path) -> None:
    cdk = standing(FOUNDATION, SERVICE, FORWARDER)

    _, said = run(Account(cdk), tmp_path)
    assert all(WITNESS_STACK not in names for _, names in cdk.deployed)
    assert f"AWS_PROFILE=<one of account {WITNESS}> make deploy ENV=prod" in said

    cdk.deployed.clear()
    _, said = run(Account(cdk, account=WITNESS), tmp_path)
    assert cdk.deployed == [(False, [WITNESS_STACK]), (True, [WITNESS_STACK])]
    assert "request API" not in said


def test_credentials_of_an_account_that_has_no_part_in_it_deploy_nothing(tmp_path: Path) -> None:
    cdk = Cdk()

    with pytest.raises(Refused, match=f"333333333333; prod is .* {WITNESS} and {HOME}|{HOME} and"):
        run(Account(cdk, account="333333333333"), tmp_path)
    assert cdk.deployed == []


def test_the_service_is_told_which_foundation_it_follows(tmp_path: Path) -> None:
    """So that one that was deleted and made anew, under the same template, is taken up."""
    cdk = Cdk()
    run(Account(cdk), tmp_path)

    first, _, last = cdk.synthesised
    assert "foundation-id" not in first
    assert last["foundation-id"] == f"id-of-{FOUNDATION}"


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_on_top_of_a_first_deployment_that_failed_nothing_is_deployed(
    tmp_path: Path, status: str
) -> None:
    cdk = standing(FOUNDATION, status=status)

    with pytest.raises(Refused, match="make unstick ENV=prod"):
        run(Account(cdk), tmp_path)
    assert cdk.deployed == []


def test_a_forwarder_that_failed_is_in_nobodys_way(tmp_path: Path) -> None:
    """It left nothing, and the CLI makes it anew."""
    cdk = standing(FORWARDER, status="ROLLBACK_COMPLETE")
    cdk.there |= standing(FOUNDATION, SERVICE).there

    assert run(Account(cdk), tmp_path)[0] == 0
    assert cdk.deployed == [(True, OURS)]


@pytest.mark.parametrize("fails_at", [FOUNDATION, SERVICE])
def test_a_first_deployment_that_fails_is_not_protected(tmp_path: Path, fails_at: str) -> None:
    cdk = Cdk(fails_at=fails_at)

    code, said = run(Account(cdk), tmp_path)

    assert code == 1
    assert [protected for protected, _ in cdk.deployed] == [False]
    assert "make unstick ENV=prod" in said


def test_what_the_checks_before_find_wrong_keeps_it_from_deploying(tmp_path: Path) -> None:
    cdk = Cdk()

    with pytest.raises(Refused, match="PREFLIGHT=skip"):
        run(Account(cdk), tmp_path, wrong=1)
    assert cdk.deployed == []


def test_what_cannot_be_synthesised_is_not_deployed(tmp_path: Path) -> None:
    cdk = Cdk(fails_at="synth")

    with pytest.raises(Refused, match="prod cannot be synthesised"):
        run(Account(cdk), tmp_path)
    assert cdk.deployed == []


@pytest.mark.parametrize("env_name", ["", "prd", "PROD", "prod ", "../prod"])
def test_an_environment_that_is_none_is_told_with_those_that_there_are(env_name: str) -> None:
    with pytest.raises(ConfigError, match="dev, local, prod, uat"):
        read_config(env_name)


def test_rights_are_asked_about_where_somebody_can_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert default_approval(terminal=True) == "broadening"
    assert default_approval(terminal=False) == "never"
    monkeypatch.setenv("CI", "true")
    assert default_approval(terminal=True) == "never"
