"""Names of things in AWS, as the page of open questions shows them, are those of the templates."""

import json
import re
from collections.abc import Callable

from stacks.synthesis import ROOT
from tests.stacks.template import Deployment

PAGE = (ROOT / "docs" / "aws-limits.md").read_text(encoding="utf-8")


def names(env: str, text: str) -> set[str]:
    """As the page has them, with ENV in the place of the environment."""
    found = re.findall(rf"(?:/pam/{env}/|pam-{env}-)[a-z][a-z-]+", text)
    return {re.sub(rf"(?<=/|-){env}(?=/|-)", "ENV", name, count=1) for name in found}


def test_every_name_that_a_command_shows_is_one_of_the_deployment(
    deployment_of: Callable[[str], Deployment],
) -> None:
    shown = names("ENV", PAGE)
    there = {"pam-ENV-foundation", "pam-ENV-service"}
    # The local one has all that a deployment may leave out.
    for env in ("prod", "local"):
        there |= names(env, json.dumps(deployment_of(env).templates()))
    assert len(shown) > 5
    assert shown <= there
