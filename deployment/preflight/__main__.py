"""`make preflight ENV=NAME`: reads an account, and says what is wrong for PAM and what to do.

Nothing is changed, no secret and no data is read. Run it with credentials of PAM's account; with
those of another account that PAM has to do with (a lent role's, a permission set's) it looks at
what is there. `--json` prints one document. Exit code 0: nothing is wrong; 1: something is.
"""

import json
from typing import Annotated

import typer

from deployment.cdk import run_cdk, synthesise
from deployment.environment import DONE, FAILED, ROOT, identify, read_config, told
from deployment.preflight.check import make
from deployment.preflight.checks import CHECKS, look_around
from deployment.preflight.report import document, lines, summary


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    import boto3

    with told():
        config = read_config(env_name)
        clients = boto3.Session(region_name=config.region).client
        identify(clients)  # whoever has no credentials need not wait for the synthesis
        stacks = synthesise(
            run_cdk, env_name, ROOT / ".pam" / "deploy" / env_name / "read", bundle="skip"
        )
        around = look_around(config, clients, stacks)
        if not as_json:
            print(f"account {around.caller.account}, {config.region}, environment {env_name}")
        results = []
        for check in CHECKS:
            results.append(make(check, around))
            if not as_json:
                print("\n".join(lines(results[-1])))
        if as_json:
            print(json.dumps(document(around, results), indent=2))
        else:
            print(summary(results))
    raise typer.Exit(FAILED if any(result.wrong for result in results) else DONE)


if __name__ == "__main__":
    typer.run(main)
