"""Where the emulator's S3 differs from AWS's; see `__init__.py`."""

from typing import Any

from local.bridges.patching import existing


def build_all() -> None:
    buckets_lock_as_the_template_says()


def buckets_lock_as_the_template_says() -> None:
    """CloudFormation turns on a bucket's object lock and its default retention; the emulator's
    forgets both, so that everything could be deleted.
    """
    from ministack.services import s3
    from ministack.services.cloudformation import provisioners

    handlers = existing(provisioners, "_RESOURCE_HANDLERS")["AWS::S3::Bucket"]
    create = handlers["create"]
    locks = existing(s3, "_bucket_object_lock")

    def create_bucket(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, properties, stack_name)
        if properties.get("ObjectLockEnabled"):
            rule = properties.get("ObjectLockConfiguration", {}).get("Rule", {})
            retention = rule.get("DefaultRetention")
            locks[name] = {
                "enabled": True,
                "default_retention": retention
                and {"Mode": retention["Mode"], "Days": int(retention["Days"])},
            }
        return name, attributes

    handlers["create"] = create_bucket
