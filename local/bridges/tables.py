"""Where the emulator's DynamoDB differs from AWS's; see `__init__.py`."""

from typing import Any

from local.bridges.patching import existing


def build_all() -> None:
    items_expire_as_the_template_says()


def items_expire_as_the_template_says() -> None:
    """CloudFormation turns on a table's time to live; the emulator's does not, so that nothing
    would ever expire.
    """
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    handlers = existing(provisioners, "_RESOURCE_HANDLERS")["AWS::DynamoDB::Table"]
    create = handlers["create"]
    update_ttl = existing(dynamodb, "_update_ttl")

    def create_table(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, properties, stack_name)
        wanted = properties.get("TimeToLiveSpecification")
        if wanted:
            update_ttl({"TableName": name, "TimeToLiveSpecification": wanted})
        return name, attributes

    handlers["create"] = create_table
