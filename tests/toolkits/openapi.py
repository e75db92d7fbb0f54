"""Holds our OpenAPI documents against the standard's own schema, and every example in them against
the schema that the document gives for it: of bodies, of parameters, and of what operations of REST answer. Called by the tests of REST and, with
--examples since each body must have one there, by those of the administration's API, with the file."""

import json
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


def anchored(schema):
    """The same with references that are found from elsewhere, too."""
    if isinstance(schema, dict):
        return {
            key: "urn:document" + value if key == "$ref" and isinstance(value, str) else anchored(value)
            for key, value in schema.items()
        }
    return [anchored(part) for part in schema] if isinstance(schema, list) else schema


def main(path, every_body_has_one):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    validate(document)
    whole = Resource(contents=document, specification=DRAFT202012)
    registry = Registry().with_resource("urn:document", whole)
    operations, wrong = 0, 0
    for name, item in document["paths"].items():
        for method, operation in item.items():
            operations += 1
            is_call = name.startswith("/cc/")
            bodies = [*operation.get("requestBody", {}).get("content", {}).values()]
            if is_call:
                bodies += operation["responses"].get("200", {}).get("content", {}).values()
            missing = sum(1 for body in bodies if "example" not in body) if is_call or every_body_has_one else 0
            if missing:
                wrong += missing
                print(f"{method} {name}: a body without an example")
            for described in [*bodies, *operation.get("parameters", [])]:
                if "example" not in described:
                    continue
                schema = anchored(described["schema"])
                for error in Draft202012Validator(schema, registry=registry).iter_errors(described["example"]):
                    wrong += 1
                    print(f"{method} {name}: {error.message}")
    print(f"{operations} operations, {wrong} found wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--examples" in sys.argv[2:]))
