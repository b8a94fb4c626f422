"""Asks in somebody's name, as a runbook does: `python examples/start_as_a_runbook.py dave
core-sandbox-admin "disk full on ledger-7"`. The name is a claim: it has to be confirmed.
"""

import json
import sys

import boto3

if len(sys.argv) != 4:  # noqa: PLR2004
    sys.exit(__doc__)
requester, resource, reason = sys.argv[1:]
aws = boto3.Session(profile_name="runbook")
machine = aws.client("ssm").get_parameter(Name="/bank/local/mod046/approval-workflow/arn")
started = aws.client("stepfunctions").start_execution(
    stateMachineArn=machine["Parameter"]["Value"],
    input=json.dumps({"requester": requester, "resource": resource, "reason": reason}),
)
print(f"started {started['executionArn'].rpartition(':')[2]}")
