"""Whether PAM hears what is done with lent roles: the trail, and the forwarders to its region."""

import json
from collections.abc import Iterator
from typing import Any

from deployment.preflight.check import Check, Finding, Surroundings, ok, pages, warning, wrong
from pam.domain.kinds import Need

_SHOWN = 3
GLOBAL_REGION = "us-east-1"
"""Where IAM and STS tell what they did, in AWS's first partition."""
_NO_TRAIL = (
    "make one: aws cloudtrail create-trail --is-multi-region-trail ..., management events read and "
    "write; without it CloudTrail tells EventBridge nothing, and PAM is blind to what is done"
)


def _look_at_trail(around: Surroundings) -> Iterator[Finding]:
    cloudtrail = around.clients("cloudtrail")
    trails = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    faults = []
    for trail in trails:
        fault = _fault_of(cloudtrail, trail)
        if fault is None:
            yield ok(f"{trail['Name']}: every region, management events read and write, logging")
            return
        faults.append(f"{trail['Name']} {fault}")
    yield wrong(
        "no trail tells everything: " + "; ".join(faults) if faults else "there is no trail",
        _NO_TRAIL,
    )


def complete_trail(cloudtrail: Any) -> str | None:
    """The name of one that tells everything, if there is one."""
    trails = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    return next((str(it["Name"]) for it in trails if _fault_of(cloudtrail, it) is None), None)


def _fault_of(cloudtrail: Any, trail: dict[str, Any]) -> str | None:
    if not trail.get("IsMultiRegionTrail"):
        return "is of one region"
    if not trail.get("IncludeGlobalServiceEvents", True):
        return "leaves out global services"
    if not cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]:
        return "is not logging"
    selectors = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])
    kinds = {
        kind
        for selector in selectors.get("EventSelectors") or ()
        if selector.get("IncludeManagementEvents", True)
        for kind in _read_and_write(selector.get("ReadWriteType", "All"))
    }
    for selector in selectors.get("AdvancedEventSelectors") or ():
        kinds |= _advanced(selector)
    missing = {"read", "write"} - kinds
    return (
        f"does not log management events that {' or '.join(sorted(missing))}" if missing else None
    )


def _read_and_write(said: str) -> set[str]:
    return {"All": {"read", "write"}, "ReadOnly": {"read"}, "WriteOnly": {"write"}}.get(said, set())


def _advanced(selector: dict[str, Any]) -> set[str]:
    """What an advanced selector lets through of management events, if it lets through all."""
    fields = {it["Field"]: it for it in selector["FieldSelectors"]}
    if fields.get("eventCategory", {}).get("Equals") != ["Management"]:
        return set()
    if set(fields) - {"eventCategory", "readOnly"}:
        return set()  # it leaves something out
    said = fields.get("readOnly", {}).get("Equals")
    return {("true",): {"read"}, ("false",): {"write"}}.get(tuple(said or ()), {"read", "write"})


def lent_role_arns(around: Surroundings) -> set[str]:
    """Those of the account that is looked at."""
    targets = [
        resource.target(account=around.home, region=around.config.region)
        for resource in around.policy.resources
        if resource.needing(Need.LEND_ROLE)
    ]
    return {target.arn for target in targets if target.account == around.caller.account}


def _look_at_forwarders(around: Surroundings) -> Iterator[Finding]:
    lent, home = lent_role_arns(around), around.config.region
    regions = {resource.issuer.get("region", home) for resource in around.policy.resources}
    # Those of the forwarders that are configured.
    regions |= {stack.region for stack in around.own_stacks}
    if around.caller.partition == "aws":
        regions.add(GLOBAL_REGION)
    # The recorder hears its own account and region by itself.
    elsewhere = regions - {home} if around.at_home else regions | {home}
    if not lent or not elsewhere:
        yield ok("nothing that is lent here speaks anywhere but in PAM's own account and region")
        return
    for region in sorted(elsewhere):
        missing = lent - _forwarded(around, region)
        if not missing:
            yield ok(f"{region}: calls of every lent role are forwarded to {home}")
            continue
        shown = ", ".join(sorted(missing)[:_SHOWN]) + " and more" * (len(missing) > _SHOWN)
        said = f"{region} forwards nothing of {shown} to {home}"
        what = "changes to IAM and STS calls are" if region == GLOBAL_REGION else "what is done is"
        remedy = f"deploy the forwarder of {region}: make deploy ENV={around.config.env_name}"
        yield wrong(f"{said}: {what} not seen", remedy)


def _forwarded(around: Surroundings, region: str) -> set[str]:
    """ARNs of lent roles whose calls a rule of that region's default bus sends home."""
    events = around.clients("events", region)
    account, home = around.home, around.config.region
    bus = f"arn:{around.caller.partition}:events:{home}:{account}:event-bus/"
    found: set[str] = set()
    for rule in pages(events, "list_rules", "Rules"):
        pattern = rule.get("EventPattern", "")
        if not str(rule.get("State", "")).startswith("ENABLED") or "sessionIssuer" not in pattern:
            continue
        targets = pages(events, "list_targets_by_rule", "Targets", Rule=rule["Name"])
        if any(target["Arn"].startswith(bus) for target in targets):
            found |= _texts(json.loads(pattern))
    return found


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for item in inner for text in _texts(item)}


def _look_at_gateway(around: Surroundings) -> Iterator[Finding]:
    role = around.clients("apigateway").get_account().get("cloudwatchRoleArn")
    if around.config.account_api_logging:
        if role and "/pam-" not in role:
            yield warning(
                f"API Gateway writes its logs by {role}; a deployment puts PAM's own role in its "
                "place, for every API of this region",
                "to keep it: account_api_logging false (cdk.json)",
            )
        else:
            yield ok("API Gateway's role for logs is set by the deployment")
    elif role:
        yield ok(f"API Gateway writes its logs by {role}")
    else:
        yield wrong(
            "API Gateway has no role to write logs by, and account_api_logging is false: without "
            "its log no call past the gateway is found",
            "set one for the region (API Gateway, Settings), or account_api_logging true",
        )


CHECKS = (
    Check(
        name="trail",
        reason="without a trail no event says what was done with a lent role",
        look=_look_at_trail,
        everywhere=True,
    ),
    Check(
        name="forwarders",
        reason="IAM and STS speak in one region only, and rules hear their own region only",
        look=_look_at_forwarders,
        everywhere=True,
    ),
    Check(
        name="API Gateway log",
        reason="calls past the gateway are those that its log does not have",
        look=_look_at_gateway,
        blocks=True,
    ),
)
