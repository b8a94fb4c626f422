"""The runbooks' own steps on the deployed workflow: started by the AWS CLI, as anybody has it."""

import json
import os
import subprocess
from typing import Any

import pytest

from local.cast import Cast, Person, until
from local.state import ROOT
from tests.runbook_steps import FILLED, called, run

SANDBOX, LEDGER = "core-sandbox-admin", "core-ledger-admin"
_AWS = ROOT / ".pam" / "opinions" / "bin" / "aws"
WORKFLOW = "/bank/local/mod046/approval-workflow/arn"


def aws(cast: Cast, *arguments: str) -> Any:
    """The AWS CLI, as `runbook`: who may only start the workflow, and look."""
    done = subprocess.run(
        [str(_AWS), "--profile", "runbook", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(cast.state_dir),
            "AWS_CONFIG_FILE": str(cast.state_dir / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(cast.state_dir / "aws" / "credentials"),
            "AWS_ENDPOINT_URL": cast.about["endpoint_url"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start(cast: Cast, document: str, **parameters: str) -> dict[str, str]:
    """The document up to the start of the workflow; what its steps gave."""
    told = FILLED | {"Environment": "local", "StateMachineArn": cast.parameter(WORKFLOW)}
    told |= parameters
    written = run(document, "WriteInput", told)
    told |= {
        "WriteInput.SessionId": written["session_id"],
        "WriteInput.ExecutionName": written["name"],
        "WriteInput.Input": written["input"],
        "WriteInput.Next": written["next"],
    }
    call = called(document, "Start", told)
    given = ("--state-machine-arn", call["stateMachineArn"], "--name", call["name"])
    answer = aws(cast, "stepfunctions", "start-execution", *given, "--input", call["input"])
    return told | {"Start.ExecutionArn": answer["executionArn"]}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize(
    ("document", "resource"), [("PamRequestAccess", SANDBOX), ("PamBreakGlass", LEDGER)]
)
def test_the_person_named_goes_on_by_the_command_that_the_runbook_says(
    cast: Cast, dave: Person, document: str, resource: str
) -> None:
    told = start(cast, document, Requester="dave", Resource=resource)
    session_id = told["WriteInput.SessionId"]
    until(lambda: dave.get(f"/pam/sessions/{session_id}").status == 200 or None, "the session")
    session = dave.session(session_id)
    assert session["needs_confirmation"] is True
    assert (session["origin"], session["ticket"]) == ("runbook", FILLED["Ticket"])
    assert session["break_glass"] is (document == "PamBreakGlass")
    said = run(document, "SayNext", told)["say"]
    who, _, command = said.partition(" runs: pam ")
    assert who == "dave"
    confirmed = cast.pam("dave", *command.split())
    assert confirmed.returncode == 0, confirmed.stderr
    assert dave.wait_for(session_id, "ACTIVE")["needs_confirmation"] is False


def test_a_refused_start_fails_the_runbook_with_the_sentence_that_pam_gave(cast: Cast) -> None:
    told = start(cast, "PamRequestAccess", Requester="mallory", Resource=SANDBOX)
    look = called("PamRequestAccess", "Look", told)

    def over() -> Any:
        found = aws(
            cast, "stepfunctions", "describe-execution", "--execution-arn", look["executionArn"]
        )
        return found if found["status"] != "RUNNING" else None

    execution = until(over, "the execution to end")
    assert execution["status"] == "FAILED"
    told |= {"ReadWhy.Code": execution["error"], "ReadWhy.Cause": execution["cause"]}
    with pytest.raises(RuntimeError, match=r"NOT_ELIGIBLE: .*mallory"):
        run("PamRequestAccess", "Refuse", told)
