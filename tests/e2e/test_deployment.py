"""The deployed app judged from outside: preflight and smoke, as far as the local stack goes.

What differs here: the emulator has no CloudTrail, no history of alarms and no quota worth the name,
so these are told as wrong or not provable; everything else is what an account would show.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deployment.assembly import read_assembly
from deployment.environment import read_config
from deployment.preflight.check import Verdict, make
from deployment.preflight.checks import CHECKS, look_around
from local.cast import Cast, Person
from local.state import ROOT
from tests.e2e.bus import ACCOUNT

SANDBOX = "core-sandbox-admin"


def run(cast: Cast, module: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """A program of `deployment`, as the root of the local account runs it."""
    done = subprocess.run(
        [sys.executable, "-m", f"deployment.{module}", "local", "--json", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(cast.state_dir),
            "PYTHONPYCACHEPREFIX": str(ROOT / ".pam" / "cache" / "bytecode"),
            "AWS_CONFIG_FILE": str(cast.state_dir / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(cast.state_dir / "aws" / "credentials"),
            "AWS_ENDPOINT_URL": cast.about["endpoint_url"],
            "AWS_ENDPOINT_URL_SSO_ADMIN": cast.about["services"]["identity_center"]["url"],
            "AWS_PROFILE": "root",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


@contextmanager
def sealing(cast: Cast) -> Iterator[None]:
    """The schedule seals each minute; here nobody waits for it."""
    over = threading.Event()

    def seal() -> None:
        while not over.wait(2):
            cast.checkpoint()

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def preflight(cast: Cast) -> dict[str, list[dict[str, str]]]:
    code, document = run(cast, "preflight")
    assert (code, document["account"]) == (int(document["wrong"]), ACCOUNT)
    return {check["name"]: check["findings"] for check in document["checks"]}


# What an account has, and the emulator has not.
DIFFERS_HERE = {
    "trail": {"wrong"},  # no CloudTrail
    "Lambda quota": {"warning"},  # what this machine can bear
    "databases": {"cannot tell"},  # their secrets say where they are
    "lent groups": {"ok", "cannot tell"},  # the keys are there; Okta wants a person's token
}


def test_preflight_finds_the_local_account_ready_but_for_what_an_emulator_lacks(
    preflight: dict[str, list[dict[str, str]]],
) -> None:
    for name, findings in preflight.items():
        found = {finding["verdict"] for finding in findings}
        assert found == DIFFERS_HERE.get(name, {"ok"}), findings


def test_preflight_sees_each_lent_role_as_its_construct_made_it(
    preflight: dict[str, list[dict[str, str]]],
) -> None:
    assert len(preflight["lent roles"]) == 5
    assert len(preflight["secrets"]) == 3
    assert "7 names compared" in preflight["references"][0]["said"]


def test_preflight_sees_a_lent_role_that_somebody_opened(
    preflight: dict[str, list[dict[str, str]]], root: Person
) -> None:
    iam, name = root.client("iam"), f"pam-target-{SANDBOX}"
    stacks = read_assembly(ROOT / ".pam" / "deploy" / "local" / "read")

    def client(service: str, _: str | None = None) -> Any:
        # Preflight makes a client refuse all but reads, so it gets its own.
        return root.cast.client(service, root.cast.session(root.name))

    around = look_around(read_config("local"), client, stacks)
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    opened = json.loads(json.dumps(trust))
    opened["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
    try:
        result = make(next(check for check in CHECKS if check.name == "lent roles"), around)
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    told = [it.said for it in result.findings if it.verdict is Verdict.WRONG]
    assert f"{name}: its trust policy lets in arn:aws:iam::{ACCOUNT}:root" in told
    assert preflight


def test_smoke_proves_the_local_deployment_and_leaves_nothing(cast: Cast, root: Person) -> None:
    bucket = cast.bucket(SANDBOX)
    with sealing(cast):
        stores_before = _stores(cast)
        code, document = run(
            cast,
            "smoke",
            *("--requester", "alice", "--auditor", "ada", "--resource", SANDBOX),
            *("--probe", f"s3 list_objects_v2 Bucket={bucket}"),
        )
    proofs = {it["name"]: it for it in document["proofs"]}
    echo, stores = proofs.pop("echo"), proofs.pop("stores")
    assert echo["verdict"] == "not provable here"  # no CloudTrail here
    assert [it for it in proofs.values() if it["verdict"] != "proven"] == []
    assert len(proofs) == 10
    (mine,) = re.findall(r"[0-9A-Z]{26}", proofs["session"]["said"])
    assert mine not in stores["said"]
    assert (code, stores["verdict"]) in (stores_before, _stores(cast))
    assert "is refused since" in proofs["early end"]["said"]
    rules = root.client("events").list_rules(EventBusName="pam-local")["Rules"]
    assert not [rule for rule in rules if "smoke" in rule["Name"]]
    assert "smoke" not in str(root.client("sqs").list_queues().get("QueueUrls", []))
    assert "smoke" not in str(root.client("sns").list_subscriptions()["Subscriptions"])


def test_smoke_says_what_it_cannot_prove_as_somebody_who_may_ask_for_nothing(cast: Cast) -> None:
    """An operator asks for no role; and nothing is taken for a proof that was not tried."""
    cast.checkpoint()
    stores_before = _stores(cast)
    code, document = run(cast, "smoke", "--requester", "sam", "--auditor", "ada")
    verdicts = {it["name"]: it["verdict"] for it in document["proofs"]}
    stores = verdicts.pop("stores")
    tried = ("listening", "alarm")
    wanted = dict.fromkeys(verdicts, "not provable here") | dict.fromkeys(tried, "proven")
    assert verdicts == wanted, document["proofs"]
    assert (code, stores) in (stores_before, _stores(cast))


def _stores(cast: Cast) -> tuple[int, str]:
    """What has to come of it, and what the stores have to say: as an auditor finds them before or
    after. Other tests forge sessions in this stack, and their last records may still be on their
    way to the archive.
    """
    proven = cast.pam("ada", "audit", "verify").returncode == 0
    return (0, "proven") if proven else (1, "failed")
