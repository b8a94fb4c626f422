"""`make smoke ENV=NAME`: a deployment proves itself by doing once what it is for.

It borrows a development role as an engineer (REQUESTER=PROFILE, by default your own credentials),
uses it, ends it early and measures until AWS refuses it; listens on the bus, rings one alarm
(Tier-1 is told that it is a test), and proves the trail as an auditor would (AUDITOR=PROFILE). What
it makes besides the session it removes; the session's records stay, as all records do.

RESOURCE=ID names the development role, PROBE='s3 list_objects_v2 Bucket=NAME' a call that it may
make. CloudTrail is waited for WAIT=SECONDS (600). Exit code 0: nothing failed; 1: something did.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.invocation import Invocation
from cli.problems import Failure
from deployment.environment import (
    DONE,
    FAILED,
    ROOT,
    Refused,
    Say,
    read_config,
    told,
)
from deployment.smoke import probe as probes
from deployment.smoke.proof import Hands
from deployment.smoke.run import smoke
from pam.ids import new_id
from stacks.config import ConfigError, DeployConfig

_LONGEST_WAIT = 3_600


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "",
    *,
    requester: Annotated[str, typer.Option(help="AWS profile of an engineer.")] = "",
    auditor: Annotated[str, typer.Option(help="AWS profile that may read the trail.")] = "",
    resource: Annotated[str, typer.Option(help="The development role to borrow.")] = "",
    probe: Annotated[str, typer.Option(help="SERVICE OPERATION Key=Value")] = "",
    witness_key: Annotated[str, typer.Option(help="File with the witness's public key.")] = "",
    wait: Annotated[str, typer.Option(help="Seconds to wait for CloudTrail.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    import boto3

    with told():
        config = read_config(env_name)
        clients = boto3.Session(region_name=config.region).client
        say: Say = (lambda text: print(text, file=sys.stderr)) if as_json else print
        try:
            api = Invocation(profile=requester or None, env=env_name, region=config.region).api()
        except Failure as failure:
            raise Refused(str(failure)) from failure
        hands = Hands(
            config=config,
            clients=clients,
            api=api,
            pam=_pam(config, auditor),
            leased=_leased,
        )
        proofs = smoke(
            hands,
            name=f"pam-{env_name}-smoke-{new_id(hands.clock.now())[-12:].lower()}",
            resource=resource,
            probe=probes.parse(probe) if probe else None,
            witness_key=_file(witness_key),
            patience=_seconds(wait),
            say=say,
        )
    failed = any(it.failed for it in proofs)
    if as_json:
        listed = [{"name": it.name, "verdict": it.verdict, "said": it.said} for it in proofs]
        print(json.dumps({"environment": env_name, "failed": failed, "proofs": listed}, indent=2))
    raise typer.Exit(FAILED if failed else DONE)


def _file(name: str) -> str:
    if name and not Path(name).is_file():
        message = f"WITNESS_KEY: {name} is no file"
        raise ConfigError(message)
    return name


def _seconds(text: str) -> float:
    if not text:
        return 600.0
    if not text.isdecimal() or int(text) > _LONGEST_WAIT:
        message = f"WAIT is a number of seconds, at most {_LONGEST_WAIT}, not {text!r}"
        raise ConfigError(message)
    return float(text)


def _pam(config: DeployConfig, profile: str) -> Any:
    def run(arguments: list[str]) -> tuple[int, str, str]:
        chosen = ["--profile", profile] if profile else []
        done = subprocess.run(
            [
                *(sys.executable, "-m", "cli.main", "--env", config.env_name),
                *("--region", config.region, *chosen, *arguments),
            ],
            cwd=ROOT,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def _leased(lease: Mapping[str, Any], service: str) -> Any:
    """A client of the leased credentials alone, tried once: the answer is what is looked at."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=lease["region"],
        aws_access_key_id=lease["access_key_id"],
        aws_secret_access_key=lease["secret_access_key"],
        aws_session_token=lease["session_token"],
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
    )


if __name__ == "__main__":
    typer.run(main)
