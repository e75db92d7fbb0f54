"""Holds our OpenAPI document against the standard's own schema, and every example in it against
the schema that the document gives for it. Called by the tests of REST with the file."""

import json
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


def main(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    validate(document)
    whole = Resource(contents=document, specification=DRAFT202012)
    registry = Registry().with_resource("urn:document", whole)
    operations, wrong = 0, 0
    for name, item in document["paths"].items():
        for method, operation in item.items():
            operations += 1
            contents = [operation.get("requestBody", {}), operation["responses"].get("200", {})]
            for content in contents:
                media = content.get("content", {}).get("application/json", {})
                if not name.startswith("/cc/"):
                    continue
                schema = {"$ref": "urn:document" + media["schema"]["$ref"]}
                for error in Draft202012Validator(schema, registry=registry).iter_errors(media["example"]):
                    wrong += 1
                    print(f"{method} {name}: {error.message}")
    print(f"{operations} operations, {wrong} found wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
