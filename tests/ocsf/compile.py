"""Cuts the JSON schemas of two classes out of the export of a whole OCSF schema version.

`python tests/ocsf/compile.py EXPORT.json` writes them beside this file. What PAM never sends is
left out, which only makes them stricter: attributes of profiles that it does not use, what is
deprecated, and objects that are not in `OBJECTS`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CLASSES = ("account_change", "authorize_session")
PROFILES = {"cloud"}
OBJECTS = {
    "account",
    "actor",
    "cloud",
    "group",
    "http_request",
    "metadata",
    "network_endpoint",
    "object",
    "policy",
    "product",
    "session",
    "user",
}
JSON_TYPES = {
    "boolean_t": "boolean",
    "float_t": "number",
    "integer_t": "integer",
    "long_t": "integer",
    "string_t": "string",
}
CONSTRAINTS = {"at_least_one": "anyOf", "just_one": "oneOf"}
Json = dict[str, Any]


def schema_of(name: str, export: Mapping[str, Any]) -> Json:
    """One class with all the objects that it leads to: it needs no other file."""
    objects = {kept: _object(export["objects"][kept], export) for kept in sorted(OBJECTS)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"OCSF {export['version']}, Apache-2.0: README.md",
        "title": export["classes"][name]["caption"],
        **_object(export["classes"][name], export),
        "$defs": objects,
    }


def _object(item: Mapping[str, Any], export: Mapping[str, Any]) -> Json:
    if not item["attributes"]:
        return {"type": "object"}  # the one that is open: `unmapped`
    kept = {name: given for name, given in item["attributes"].items() if _is_kept(given)}
    required = sorted(name for name, given in kept.items() if given["requirement"] == "required")
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _attribute(kept[name], export) for name in sorted(kept)},
        **({"required": required} if required else {}),
        **{
            CONSTRAINTS[kind]: [{"required": [name]} for name in names if name in kept]
            for kind, names in (item.get("constraints") or {}).items()
        },
    }


def _is_kept(given: Mapping[str, Any]) -> bool:
    profiles = set(given.get("profiles") or ())
    return (
        (not profiles or bool(profiles & PROFILES))
        and "@deprecated" not in given
        and given.get("object_type", "object") in OBJECTS
    )


def _attribute(given: Mapping[str, Any], export: Mapping[str, Any]) -> Json:
    value = _value(given, export)
    return {"type": "array", "items": value} if given.get("is_array") else value


def _value(given: Mapping[str, Any], export: Mapping[str, Any]) -> Json:
    kind = given["type"]
    if kind == "object_t":
        return {"$ref": f"#/$defs/{given['object_type']}"}
    if kind == "json_t":
        return {}
    rules = export["dictionary"]["types"]["attributes"][kind]
    value: Json = {"type": JSON_TYPES[rules.get("type", kind)]}
    if enum := given.get("enum"):
        numbers = value["type"] == "integer"
        value["enum"] = sorted(int(each) if numbers else each for each in enum)
    if "range" in rules:
        value["minimum"], value["maximum"] = rules["range"]
    for theirs, ours in {"regex": "pattern", "max_len": "maxLength"}.items():
        if theirs in rules:
            value[ours] = rules[theirs]
    return value


def main(export_path: str) -> None:
    export = json.loads(Path(export_path).read_text(encoding="utf-8"))
    for name in CLASSES:
        text = json.dumps(schema_of(name, export), indent=1, sort_keys=False)
        Path(__file__).with_name(f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
