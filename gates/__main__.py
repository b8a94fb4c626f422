"""Gates whose tools need an environment of their own: `make gates`.

checkov pins old versions of what PAM uses, and pip-audit asks a service on the network. Both run
from the folder of programs that is named on the command line; everything else that guards the
templates (cdk-nag, cfn-lint) is among the tests.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deployment import slack_cost
from stacks.synthesis import ROOT, build, new_app, templates

_LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
_PATIENCE = "10"
"""Seconds for one answer of the advisory service."""


def main(programs: Path) -> int:
    return max(check_templates(programs), audit(programs))


def check_templates(programs: Path) -> int:
    """Every template of every environment, and of one in Slack; exceptions stand in
    `.checkov.yaml`, with reasons.
    """
    with tempfile.TemporaryDirectory() as folder:
        for env_name in json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]:
            app = new_app(env_name)
            build(app)
            for stack, template in templates(app).items():
                (Path(folder) / f"{stack}.json").write_text(json.dumps(template))
        # As shipped no deployment in AWS is in Slack, and so none has a task.
        for stack, in_slack in slack_cost.synthesised("prod", "both").items():
            of_slack = {
                name: resource
                for name, resource in in_slack["Resources"].items()
                if name.startswith("Slack")
            }
            if of_slack:
                said = json.dumps({"Resources": of_slack})
                (Path(folder) / f"{stack}-in-slack.json").write_text(said)
        checked = subprocess.run(
            [programs / "checkov", "--config-file", ROOT / ".checkov.yaml", "--directory", folder],
            check=False,
        )
    print(f"checkov: {'no finding' if checked.returncode == 0 else 'FAILED'}")
    return checked.returncode


def audit(programs: Path) -> int:
    """Known vulnerabilities of what is pinned. Says so if there is nobody to ask: not knowing is
    neither a pass nor a fault of the project.
    """
    faults = 0
    for path in _LOCKS:
        pins, lock = _advisories(programs, path), path.name
        known = [pin for pin in pins if "skip_reason" not in pin]
        if not known:
            print(f"pip-audit: SKIPPED, {lock} onwards: the advisory service does not answer")
            break
        found = [f"{pin['name']} {fault['id']}" for pin in known for fault in pin["vulns"]]
        found += [f"{pin['name']}: no answer" for pin in pins if "skip_reason" in pin]
        for line in found:
            print(f"pip-audit: {lock}: {line}")
        print(f"pip-audit: {lock}: asked about {len(pins)} pins, {len(found)} to look at")
        faults += len(found)
    return 1 if faults else 0


def _advisories(programs: Path, lock: Path) -> list[dict[str, Any]]:
    """Each pin with its `vulns`, or with a `skip_reason`; none if the service was not reached."""
    asked = subprocess.run(
        [
            *(programs / "pip-audit", "--requirement", lock),
            *("--disable-pip", "--require-hashes", "--format", "json"),
            *("--progress-spinner", "off", "--timeout", _PATIENCE),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    try:
        return list(json.loads(asked.stdout)["dependencies"])
    except (ValueError, LookupError):
        return []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
