"""Reads our WSDL and XSD files into the model of `contract_model.py`.

Only what the contract uses is understood; anything else in a file (xs:choice, xs:any, nillable,
a second schema for a namespace) stops the reading, so that nothing can be there unseen.
"""

import os
import xml.etree.ElementTree as ET

from contract_model import Contract, Field, Operation, Unreadable, XS

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
CARDS = {("1", "1"): "1", ("0", "1"): "?", ("0", "unbounded"): "*"}


class File:
    """A parsed file that remembers which prefixes are in scope at each element."""

    def __init__(self, path):
        self.path = path
        self.scope = {}
        stack, pending = [{}], []
        for event, item in ET.iterparse(path, events=("start-ns", "start", "end")):
            if event == "start-ns":
                pending.append(item)
            elif event == "start":
                stack.append({**stack[-1], **dict(pending)})
                pending = []
                self.scope[item] = stack[-1]
                self.root = item if len(stack) == 2 else self.root
            else:
                stack.pop()

    def fail(self, text):
        raise Unreadable(f"{os.path.basename(self.path)}: {text}")

    def name(self, element, text):
        """A prefixed name in an attribute as (namespace, local)."""
        prefix, _, local = text.rpartition(":")
        scope = self.scope[element]
        if prefix not in scope:
            self.fail(f"prefix of {text} is not declared")
        return scope[prefix], local

    def only(self, element, tags, attributes):
        """The children of an element, all of them among `tags`; no attribute but these."""
        for attribute in element.attrib:
            if attribute not in attributes:
                self.fail(f"{local(element)} {element.get('name', '')} has {attribute}")
        for child in element:
            if child.tag not in tags:
                self.fail(f"{local(element)} {element.get('name', '')} holds {local(child)}")
        return list(element)


def local(element):
    return element.tag.rpartition("}")[2]


def xs(name):
    return f"{{{XS}}}{name}"


def wsdl(name):
    return f"{{{WSDL}}}{name}"


def soap(name):
    return f"{{{SOAP}}}{name}"


class Reader:
    """Collects every schema that a WSDL embeds or imports."""

    def __init__(self, wsdl_path, xsd_folder):
        self.file = File(wsdl_path)
        self.xsd_folder = xsd_folder
        self.contract = Contract()
        self.imports = {}        # namespace -> namespaces it imports
        self.anonymous = 0

    def schema(self, file, schema):
        space = schema.get("targetNamespace")
        if space in self.contract.forms:
            file.fail(f"a second schema for {space}")
        self.contract.forms[space] = (
            schema.get("elementFormDefault", "unqualified"),
            schema.get("attributeFormDefault", "unqualified"),
        )
        self.imports[space] = set()
        known = [xs(n) for n in ("import", "simpleType", "complexType", "element")]
        locations = []
        for child in file.only(
            schema, known, ("targetNamespace", "elementFormDefault", "attributeFormDefault")
        ):
            if child.tag == xs("import"):
                file.only(child, (), ("namespace", "schemaLocation"))
                self.imports[space].add(child.get("namespace"))
                if child.get("schemaLocation"):
                    locations.append((child.get("namespace"), child.get("schemaLocation")))
            elif child.tag == xs("simpleType"):
                self.add(file, self.contract.enums, space, child, self.enumeration(file, child))
            elif child.tag == xs("complexType"):
                self.add(file, self.contract.types, space, child, self.fields(file, child, space))
            elif child.get("type"):
                file.only(child, (), ("name", "type"))
                self.add(file, self.contract.elements, space, child, file.name(child, child.get("type")))
            else:
                inner = file.only(child, (xs("complexType"),), ("name",))
                self.add(file, self.contract.elements, space, child, self.fields(file, inner[0], space))
        for namespace, location in locations:
            if namespace not in self.contract.forms:
                imported = File(os.path.join(self.xsd_folder, location))
                if imported.root.get("targetNamespace") != namespace:
                    imported.fail(f"is imported as {namespace}")
                self.schema(imported, imported.root)

    def add(self, file, table, space, element, value):
        key = (space, element.get("name"))
        if key in table:
            file.fail(f"{key[1]} is declared twice")
        table[key] = value

    def enumeration(self, file, simple):
        restriction = file.only(simple, (xs("restriction"),), ("name",))[0]
        if file.name(restriction, restriction.get("base")) != (XS, "string"):
            file.fail(f"{simple.get('name')} does not restrict xs:string")
        values = file.only(restriction, (xs("enumeration"),), ("base",))
        for value in values:
            file.only(value, (), ("value",))
        return [value.get("value") for value in values]

    def fields(self, file, group, space):
        fields, names = [], set()
        parts = file.only(group, (xs("sequence"), xs("attribute")), ("name",))
        if [local(p) for p in parts].count("sequence") > 1:
            file.fail(f"{group.get('name')} has two sequences")
        for part in parts:
            if part.tag == xs("attribute"):
                file.only(part, (), ("name", "type", "use"))
                card = {"required": "1"}.get(part.get("use"), "?")
                fields.append(Field("attr", part.get("name"), file.name(part, part.get("type")), card))
                continue
            for child in file.only(part, (xs("element"),), ()):
                fields.append(self.child(file, child, space))
        for f in fields:
            if (f.kind, f.name) in names:
                file.fail(f"{f.name} stands twice in {group.get('name')}")
            names.add((f.kind, f.name))
        return fields

    def child(self, file, child, space):
        inner = file.only(
            child, (xs("simpleType"), xs("complexType")), ("name", "type", "minOccurs", "maxOccurs")
        )
        occurs = child.get("minOccurs", "1"), child.get("maxOccurs", "1")
        if occurs not in CARDS:
            file.fail(f"{child.get('name')} occurs {occurs}")
        if inner:
            self.anonymous += 1
            type_name = (space, f"(anonymous {self.anonymous})")
            if inner[0].tag == xs("simpleType"):
                self.contract.enums[type_name] = self.enumeration(file, inner[0])
            else:
                self.contract.types[type_name] = self.fields(file, inner[0], space)
        else:
            type_name = file.name(child, child.get("type"))
        return Field("elem", child.get("name"), type_name, CARDS[occurs])

    def read(self):
        file, contract = self.file, self.contract
        root = file.root
        contract.service = root.get("name")
        contract.namespace = root.get("targetNamespace")
        types = root.find(wsdl("types"))
        for schema in file.only(types, (xs("schema"),), ()):
            self.schema(file, schema)
        self.check_references()
        wrappers = {
            name: contract.elements.pop((contract.namespace, name))
            for space, name in list(contract.elements)
            if space == contract.namespace
        }
        messages = {}
        for message in root.findall(wsdl("message")):
            parts = file.only(message, (wsdl("part"),), ("name",))
            if [p.get("name") for p in parts] != ["part"]:
                file.fail(f"message {message.get('name')} has not just the part `part`")
            messages[message.get("name")] = file.name(parts[0], parts[0].get("element"))
        self.port_type(root, wrappers, messages)
        self.binding(root)
        self.port(root)
        if wrappers:
            file.fail(f"no operation uses {', '.join(sorted(wrappers))}")
        if messages:
            file.fail(f"no operation uses {', '.join(sorted(messages))}")
        return contract

    def check_references(self):
        contract = self.contract
        groups = list(contract.types.items())
        groups += [(k, v) for k, v in contract.elements.items() if isinstance(v, list)]
        used = [((space, name), f.type) for (space, name), fields in groups for f in fields]
        used += [(k, v) for k, v in contract.elements.items() if isinstance(v, tuple)]
        for (space, name), target in used:
            if target[0] == XS:
                continue
            if target not in contract.types and target not in contract.enums:
                self.file.fail(f"{name} names {target[1]}, which is nowhere declared")
            if target[0] != space and target[0] not in self.imports[space]:
                self.file.fail(f"{name} names {target[1]} of a namespace that is not imported")

    def port_type(self, root, wrappers, messages):
        file, contract = self.file, self.contract
        port_type = root.find(wsdl("portType"))
        if port_type.get("name") != f"{contract.service}PortType":
            file.fail(f"portType is {port_type.get('name')}")
        for item in file.only(port_type, (wsdl("operation"),), ("name",)):
            name = item.get("name")
            sides = []
            for tag, message in (("input", f"{name}Message"), ("output", f"{name}ResponseMessage")):
                asked = file.name(item, item.find(wsdl(tag)).get("message"))
                if asked != (contract.namespace, message):
                    file.fail(f"{tag} of {name} is {asked[1]}")
                element = messages.pop(message, None)
                if element is None or element[0] != contract.namespace:
                    file.fail(f"{message} has no element of the service")
                sides += [element[1], wrappers.pop(element[1])]
            contract.operations.append(Operation(name, "", *sides))

    def binding(self, root):
        file, contract = self.file, self.contract
        binding = root.find(wsdl("binding"))
        contract.binding = binding.get("name")
        if file.name(binding, binding.get("type")) != (contract.namespace, f"{contract.service}PortType"):
            file.fail("the binding names another portType")
        protocol = binding.find(soap("binding"))
        if protocol is None:
            file.fail("the binding is not SOAP 1.1")
        contract.soap, contract.style = "1.1", protocol.get("style")
        contract.transport = protocol.get("transport")
        bound = {}
        for item in binding.findall(wsdl("operation")):
            operation = item.find(soap("operation"))
            if operation.get("style", contract.style) != "document":
                file.fail(f"{item.get('name')} is not of style document")
            for side in ("input", "output"):
                if item.find(wsdl(side)).find(soap("body")).get("use") != "literal":
                    file.fail(f"{side} of {item.get('name')} is not literal")
            bound[item.get("name")] = operation.get("soapAction")
        for operation in contract.operations:
            if operation.name not in bound:
                file.fail(f"the binding lacks {operation.name}")
            operation.action = bound.pop(operation.name)
        if bound:
            file.fail(f"the binding has more than the portType: {', '.join(bound)}")

    def port(self, root):
        file, contract = self.file, self.contract
        services = root.findall(wsdl("service"))
        ports = [p for s in services for p in s.findall(wsdl("port"))]
        if [s.get("name") for s in services] != [contract.service] or len(ports) != 1:
            file.fail("there must be one service of the file's name with one port")
        contract.port = ports[0].get("name")
        if file.name(ports[0], ports[0].get("binding")) != (contract.namespace, contract.binding):
            file.fail("the port names another binding")
        location = ports[0].find(soap("address")).get("location")
        contract.path = location.removeprefix("http://localhost")


def read_files(schemas_folder, service):
    """Reads one service with everything it imports; `prefixes` are those in scope of its wrappers."""
    folder = os.path.join(schemas_folder, "wsdl")
    reader = Reader(os.path.join(folder, f"{service}.wsdl"), os.path.join(schemas_folder, "xsd"))
    contract = reader.read()
    schema = next(
        s for s in reader.file.root.iter(xs("schema")) if s.get("targetNamespace") == contract.namespace
    )
    contract.prefixes = dict(reader.file.scope[schema])
    return contract
