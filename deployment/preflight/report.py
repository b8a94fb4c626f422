"""What the checks found, for people and for programs."""

from typing import Any

from deployment.preflight.check import Result, Surroundings, Verdict


def lines(result: Result) -> list[str]:
    """One for each finding, and one below it for what to do."""
    said = []
    for finding in result.findings:
        said.append(f"{finding.verdict:12} {result.check.name}: {finding.said}")
        if finding.remedy:
            said.append(f"{'':12}   -> {finding.remedy}")
    return said


def summary(results: list[Result]) -> str:
    counts = {
        verdict: sum(it.verdict is verdict for result in results for it in result.findings)
        for verdict in Verdict
    }
    return "; ".join(f"{verdict}: {count}" for verdict, count in counts.items())


def document(around: Surroundings, results: list[Result]) -> dict[str, Any]:
    return {
        "environment": around.config.env_name,
        "account": around.caller.account,
        "region": around.config.region,
        "wrong": any(result.wrong for result in results),
        "checks": [
            {
                "name": result.check.name,
                "reason": result.check.reason,
                "blocks_deployment": result.check.blocks,
                "findings": [
                    {"verdict": it.verdict, "said": it.said, "remedy": it.remedy}
                    for it in result.findings
                ],
            }
            for result in results
        ],
    }
