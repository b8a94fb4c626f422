"""The example of a module that relies on PAM, on a running stack."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from local.assemblies import Made, assembly_of, placed
from local.aws import root_client
from local.deploy import Apps, deploy, synthesise
from local.sources import digest_of_consumer
from local.state import CACHE

STACK = "consumer-example-local"
_APPS: Apps = {"consumer": ["-m", "local.consumer_app"]}
_KEPT_IN = CACHE / "consumer-assemblies"


@contextmanager
def deployed(endpoint: str, folder: Path) -> Iterator[Mapping[str, str]]:
    """Deploys it, and gives its outputs; deletes it afterwards. `folder` is for what the CDK CLI
    writes beside the assembly. Raises DeployError.
    """
    made = Made(synthesise=partial(synthesise, apps=_APPS), digest=digest_of_consumer)
    assembly = assembly_of(digest_of_consumer(), _KEPT_IN, made)
    cloudformation = root_client("cloudformation", endpoint)
    try:
        deploy(placed(assembly, folder, {}), endpoint, _APPS)
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        yield {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    finally:
        cloudformation.delete_stack(StackName=STACK)
        gone = cloudformation.get_waiter("stack_delete_complete")
        gone.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
