"""Whether functions that join a network reach what they need from there: IAM above all."""

from collections.abc import Iterator
from typing import Any

from deployment.preflight.check import Check, Finding, Surroundings, ok, pages, wrong

_EVERYWHERE = "0.0.0.0/0"
_IAM_ENDPOINT = "com.amazonaws.iam"
_THROUGH = (
    *("NatGatewayId", "TransitGatewayId", "GatewayId", "NetworkInterfaceId"),
    *("InstanceId", "CoreNetworkArn", "LocalGatewayId", "CarrierGatewayId"),
)
"""What a route may lead through to other networks; a peering leads to its neighbour only."""
_NO_WAY = (
    "give its route table a NAT gateway (or a transit gateway that leads to one), or the network "
    "an endpoint of com.amazonaws.iam: IAM is in one region only"
)


def _look(around: Surroundings) -> Iterator[Finding]:
    wanted = around.config.vpc_subnet_ids
    if not wanted:
        yield ok("the functions join no network")
        return
    ec2 = around.clients("ec2")
    subnets = {
        it["SubnetId"]: it["VpcId"]
        for it in pages(
            ec2,
            "describe_subnets",
            "Subnets",
            Filters=[{"Name": "subnet-id", "Values": list(wanted)}],
        )
    }
    for subnet in wanted:
        if subnet not in subnets:
            yield wrong(f"{subnet} is not in {around.config.region}", "vpc_subnet_ids (cdk.json)")
            continue
        yield _of_subnet(ec2, subnet, subnets[subnet])


def _of_subnet(ec2: Any, subnet: str, vpc: str) -> Finding:
    route = _way_out(ec2, subnet, vpc)
    through = next((route[key] for key in _THROUGH if route.get(key)), "")
    if route.get("State") == "blackhole":
        fault = "has a way out that leads to what is gone (blackhole)"
    elif through.startswith("igw-"):
        fault = "leads to an internet gateway, and a function has no public address"
    elif not through:
        fault = "has no way out"
    else:
        return ok(f"{subnet} has a way to IAM through {through}")
    if _has_endpoint(ec2, vpc):
        return ok(f"{subnet} has a way to IAM through an endpoint of its network")
    return wrong(f"{subnet} {fault}: nothing there reaches IAM, and no early end works", _NO_WAY)


def _has_endpoint(ec2: Any, vpc: str) -> bool:
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    endpoints = pages(ec2, "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    return any(
        it["ServiceName"] == _IAM_ENDPOINT and it.get("State", "").lower() == "available"
        for it in endpoints
    )


def _way_out(ec2: Any, subnet: str, vpc: str) -> dict[str, Any]:
    """Of the subnet's own route table, else of the network's main one. Empty for none."""
    for name, value in (("association.subnet-id", subnet), ("association.main", "true")):
        tables = pages(
            ec2,
            "describe_route_tables",
            "RouteTables",
            Filters=[{"Name": name, "Values": [value]}, {"Name": "vpc-id", "Values": [vpc]}],
        )
        for table in tables:
            out = (it for it in table["Routes"] if it.get("DestinationCidrBlock") == _EVERYWHERE)
            return dict(next(out, {}))
    return {}


CHECKS = (
    Check(
        name="network",
        reason="a function in a network without a way to IAM ends no session early",
        look=_look,
        blocks=True,
    ),
)
