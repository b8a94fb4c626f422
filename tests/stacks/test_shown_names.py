"""Names of things in AWS, as the page of open questions shows them, are those of the templates."""

import json
import re

from stacks.synthesis import ROOT
from tests.stacks.template import Deployment

PAGE = (ROOT / "docs" / "aws-limits.md").read_text(encoding="utf-8")


def test_every_name_that_a_command_shows_is_one_of_the_deployment(prod: Deployment) -> None:
    shown = set(re.findall(r"(?:/pam/ENV/|pam-ENV-)[a-z][a-z-]+", PAGE))
    there = {"pam-prod-foundation", "pam-prod-service"}
    there |= set(re.findall(r"(?:/pam/prod/|pam-prod-)[a-z][a-z-]+", json.dumps(prod.templates())))
    assert len(shown) > 5
    assert {name.replace("ENV", "prod") for name in shown} <= there
