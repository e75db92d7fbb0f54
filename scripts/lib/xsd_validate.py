"""Validates the bodies of SOAP messages against our own schemas, with xmllint.

The wrappers' schema stands inside the WSDL: it is taken out, with the prefixes that are declared
above it, and put beside the XSD files that it imports.
"""

import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET

SCHEMA = re.compile(r"<xs:schema\b[^>]*>.*?</xs:schema>", re.S)
DECLARATION = re.compile(r'xmlns:(\w+)="[^"]*"')


def installed():
    return shutil.which("xmllint") is not None


def schemas_of(wsdl):
    """(target namespace, text) of each schema in a WSDL, as documents of their own."""
    head = wsdl[: wsdl.index("<xs:schema")]
    for found in SCHEMA.finditer(wsdl):
        text = found[0]
        tag = text[: text.index(">")]
        here = {m[1] for m in DECLARATION.finditer(tag)}
        above = [m[0] for m in DECLARATION.finditer(head) if m[1] not in here]
        space = re.search(r'targetNamespace="([^"]*)"', tag)[1]
        yield space, text.replace("<xs:schema", "<xs:schema " + " ".join(above), 1)


def unfold(schemas_folder, folder):
    """Writes every schema into `folder`; returns the file of each service's wrappers by namespace."""
    xsd = os.path.join(schemas_folder, "xsd")
    for name in os.listdir(xsd):
        shutil.copy(os.path.join(xsd, name), folder)
    wrappers = {}
    wsdl = os.path.join(schemas_folder, "wsdl")
    for name in sorted(os.listdir(wsdl)):
        with open(os.path.join(wsdl, name), encoding="utf-8") as file:
            schemas = list(schemas_of(file.read()))
        files = {space: f"{name}.{n}.xsd" for n, (space, _) in enumerate(schemas)}
        for space, text in schemas:
            for other, other_file in files.items():
                text = text.replace(f'namespace="{other}"/>', f'namespace="{other}" schemaLocation="{other_file}"/>')
            with open(os.path.join(folder, files[space]), "w", encoding="utf-8") as file:
                file.write(text)
            wrappers[space] = files[space]
    return wrappers


def body_of(path):
    """The element in the body of a SOAP message."""
    root = ET.parse(path).getroot()
    return next(e for e in root if e.tag.endswith("}Body"))[0]


def validate(schemas_folder, paths):
    """Lines about the messages that are not valid; empty when all are."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        wrappers = unfold(schemas_folder, folder)
        by_schema = {}
        for n, path in enumerate(paths):
            try:
                body = body_of(path)
            except (OSError, ET.ParseError, StopIteration, IndexError) as fault:
                lines.append(f"{path}: no SOAP message: {fault}")
                continue
            space = body.tag[1:].partition("}")[0]
            if space not in wrappers:
                lines.append(f"{path}: the body is of no service of ours")
                continue
            name = f"{n}.{os.path.basename(path)}"
            ET.ElementTree(body).write(os.path.join(folder, name), encoding="utf-8")
            by_schema.setdefault(wrappers[space], []).append(name)
        for schema, names in by_schema.items():
            run = subprocess.run(
                ["xmllint", "--noout", "--nonet", "--schema", schema, *names],
                cwd=folder, capture_output=True, text=True, check=False,
            )
            said = run.stderr.splitlines()
            valid = sum(line.endswith(" validates") for line in said)
            if valid != len(names):
                lines += [line for line in said if not line.endswith(" validates")]
    return lines
