"""Validates recorded SOAP traffic against our own schemas.

    validate.py [--fault OPERATION]… [--both] DIR…

Each file of DIR named NUMBER-OPERATION-request.xml or …-reply.xml is an envelope, as the toolkits
recorded it. The child of its body must be valid by the schema that the WSDL of its namespace embeds;
`result` must be spelt `true` or `false`. A SOAP Fault is wrong unless its operation is named by
--fault. With --both so is an operation of operations.json that was not answered both ways. Prints a
count; exits with 1 and a line for each file that is wrong. Run by the tests.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from lxml import etree

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
SERVICES = ("SessionService", "StandardCCService", "DataAccessService")
ENVELOPES = {
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
}
SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


def load_schemas():
    """Schema by the namespace of its wrapper elements, one a WSDL."""
    schemas = {}
    for service in SERVICES:
        (embedded,) = etree.parse(SCHEMAS / "wsdl" / f"{service}.wsdl").iter(SCHEMA)
        # A document of its own, placed beside the schemas that it imports by name.
        document = etree.fromstring(etree.tostring(embedded), base_url=str(SCHEMAS / "xsd" / f"{service}.xsd"))
        schemas[embedded.get("targetNamespace")] = etree.XMLSchema(etree.ElementTree(document))
    return schemas


def faults_of(path, schemas, expected):
    """What is wrong with one recorded message, as lines of text; none where it is as it should be."""
    try:
        envelope = etree.parse(path).getroot()
    except etree.XMLSyntaxError as error:
        return [f"is not XML: {error}"]
    name = etree.QName(envelope)
    if name.localname != "Envelope" or name.namespace not in ENVELOPES:
        return [f"is no envelope but {name.text}"]
    body = envelope.find(f"{{{name.namespace}}}Body")
    if body is None or len(body) != 1:
        return ["has no body with one child"]
    child, operation = etree.QName(body[0]), path.stem.split("-")[-2]
    if child.localname == "Fault" and child.namespace in ENVELOPES:
        return [] if operation in expected else ["is a Fault: " + " ".join(body[0].itertext()).strip()]
    wanted = operation if path.stem.endswith("-request") else operation + "Response"
    if child.localname != wanted:
        return [f"holds {child.localname}, not {wanted}"]
    if child.namespace not in schemas:
        return [f"is of no service of ours: {child.namespace}"]
    schema = schemas[child.namespace]
    # On its own, with the namespaces that are in scope there.
    schema.validate(etree.fromstring(etree.tostring(body[0], with_tail=False)))
    lines = [error.message for error in schema.error_log]
    spelt = [element.get("result") for element in body[0].iter("{*}return")]
    return lines + [f"spells result {value!r}" for value in spelt if value not in ("true", "false")]


def results(path):
    """`true` or `false`, as a reply spells it."""
    if not path.stem.endswith("-reply"):
        return []
    return [value for element in etree.parse(path).iter("{*}return") if (value := element.get("result"))]


def ready():
    """The operations of operations.json that do not wait for their handler."""
    plan = json.loads(Path(__file__).with_name("operations.json").read_text(encoding="utf-8"))
    return [name for name, entry in plan["operations"].items() if not entry.get("waiting")]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--fault", action="append", default=[], metavar="OPERATION")
    words.add_argument("--both", action="store_true")
    words.add_argument("directory", nargs="+", type=Path, metavar="DIR")
    given = words.parse_args()
    schemas = load_schemas()
    paths = [path for directory in given.directory for path in sorted(directory.glob("*-re*.xml"))]
    wrong, answers = 0, {}
    for path in paths:
        for line in faults_of(path, schemas, set(given.fault)):
            print(f"{path.name}: {line}", file=sys.stderr)
            wrong += 1
        answers.setdefault(path.stem.split("-")[-2], set()).update(results(path))
    for operation in ready() if given.both else []:
        if (seen := answers.get(operation, set())) != {"true", "false"}:
            print(f"{operation}: answered {', '.join(seen) or 'never'}, should be both ways", file=sys.stderr)
            wrong += 1
    requests = sum(path.stem.endswith("-request") for path in paths)
    if not paths or requests * 2 != len(paths):
        sys.exit(f"of {len(paths)} recorded messages {requests} are requests: replies are missing")
    print(f"{len(paths)} messages of {len(answers)} operations validated, {wrong} found wrong")
    sys.exit(1 if wrong else os.EX_OK)


if __name__ == "__main__":
    main()
