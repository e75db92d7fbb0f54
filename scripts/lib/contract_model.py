"""The contract as plain data, and the reader of its listings.

Two readers fill this model: `read_listing` below from the listings, and `contract_files.py`
from our WSDL and XSD files. Nothing is compared here.
"""

import re
from dataclasses import dataclass, field

XS = "http://www.w3.org/2001/XMLSchema"


@dataclass
class Field:
    """One child element or attribute: `kind` is elem or attr, `type` a (namespace, name) pair."""

    kind: str
    name: str
    type: tuple
    card: str


@dataclass
class Operation:
    name: str
    action: str
    in_name: str
    in_fields: list
    out_name: str
    out_fields: list


@dataclass
class Contract:
    """One service with every type, enumeration and stand-alone element its schemas declare."""

    service: str = ""
    namespace: str = ""
    port: str = ""
    path: str = ""
    binding: str = ""
    soap: str = ""
    style: str = ""
    transport: str = ""
    operations: list = field(default_factory=list)
    prefixes: dict = field(default_factory=dict)   # prefix of the listing -> namespace
    forms: dict = field(default_factory=dict)      # namespace -> (elementFormDefault, attributeFormDefault)
    types: dict = field(default_factory=dict)      # (namespace, name) -> [Field]
    enums: dict = field(default_factory=dict)      # (namespace, name) -> [value]
    elements: dict = field(default_factory=dict)   # (namespace, name) -> (namespace, name) or [Field]
    shaped_as: tuple = ()                          # (prefix, type) where the types are repeated inline


class Unreadable(Exception):
    """A line that this reader does not know: better to stop than to compare half a contract."""


SERVICE = re.compile(r"service (\S+)$")
SERVICE_NAMESPACE = re.compile(r"  namespace (\S+)$")
PORT = re.compile(r"  port (\S+)  path (\S+)$")
BINDING = re.compile(r"  binding (\S+)  soap (\S+), (\w+), transport (\S+)$")
OPERATION = re.compile(r"operation (\S+)  action (\S+)$")
WRAPPER = re.compile(r"  (in|out)  (\S+) \{ (.*) \}$")
NAMESPACE = re.compile(r"namespace (\w+) = (\S+)  \(elementFormDefault (\w+), attributeFormDefault (\w+)\)$")
ENUM = re.compile(r"enum (\w+): (.+)$")
TYPE = re.compile(r"type (\w+)$")
ELEMENT = re.compile(r"element (\w+)(?:: (\w+))?$")
FIELD = re.compile(r"(elem|attr) (\S+) (\S+) ([1?*])$")
SHAPED = re.compile(r"the event is shaped as (\w+)\.(\w+) ")


def read_listing(path):
    """Reads one listing; every line must be understood."""
    contract = Contract()
    raw = []            # (fields, own namespace or None, lines), resolved when all prefixes are known
    space = None
    rows = None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line.strip():
                continue
            if m := SERVICE.match(line):
                contract.service = m[1]
            elif m := SERVICE_NAMESPACE.match(line):
                contract.namespace = m[1]
            elif m := PORT.match(line):
                contract.port, contract.path = m[1], m[2]
            elif m := BINDING.match(line):
                contract.binding, contract.soap, contract.style, contract.transport = m.groups()
            elif m := OPERATION.match(line):
                contract.operations.append(Operation(m[1], m[2], "", [], "", []))
            elif m := WRAPPER.match(line):
                fields = []
                raw.append((fields, None, m[3].split("; ")))
                operation = contract.operations[-1]
                if m[1] == "in":
                    operation.in_name, operation.in_fields = m[2], fields
                else:
                    operation.out_name, operation.out_fields = m[2], fields
            elif m := NAMESPACE.match(line):
                space = m[2]
                contract.prefixes[m[1]] = space
                contract.forms[space] = (m[3], m[4])
            elif m := ENUM.match(line):
                contract.enums[space, m[1]] = m[2].split()
            elif m := TYPE.match(line):
                fields, rows = [], []
                contract.types[space, m[1]] = fields
                raw.append((fields, space, rows))
            elif m := ELEMENT.match(line):
                if m[2]:
                    contract.elements[space, m[1]] = (space, m[2])
                else:
                    fields, rows = [], []
                    contract.elements[space, m[1]] = fields
                    raw.append((fields, space, rows))
            elif FIELD.match(line.strip()) and rows is not None:
                rows.append(line.strip())
            elif m := SHAPED.match(line):
                contract.shaped_as = (m[1], m[2])
            else:
                raise Unreadable(f"{path}:{number}: not understood: {line}")
    for fields, own, lines in raw:
        for line in lines:
            m = FIELD.match(line)
            if not m:
                raise Unreadable(f"{path}: not understood: {line}")
            fields.append(Field(m[1], m[2], resolve(contract, own, m[3]), m[4]))
    return contract


def resolve(contract, own, name):
    """`cc.result` by its prefix; a bare name is a type of the same namespace, else a built-in."""
    if "." in name:
        prefix, local = name.split(".")
        return contract.prefixes[prefix], local
    if (own, name) in contract.types or (own, name) in contract.enums:
        return own, name
    return XS, name


def expand(contract, name):
    """A type as the tree it spells out: a built-in's name, a list of values, or its children.

    This is how a listing with named types and a file with anonymous ones become comparable.
    """
    if name[0] == XS:
        return name[1]
    if name in contract.enums:
        return list(contract.enums[name])
    if name not in contract.types:
        return f"undeclared {name[1]}"
    return [(f.kind, f.name, f.card, name[0], expand(contract, f.type)) for f in contract.types[name]]
