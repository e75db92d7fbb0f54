"""The gateway as zeep sees it: clients built from nothing but the WSDL that it serves.

Keeps the raw bytes of each request and reply where asked to. Knows no scenario.
"""

import itertools
import os
import threading

import requests
from zeep import Client, Settings
from zeep.helpers import serialize_object
from zeep.transports import Transport

FOLDERS = {"SessionService": "session", "StandardCCService": "cc", "DataAccessService": "da"}


class Wrong(Exception):
    """The gateway did something that the contract does not say."""


class Recorder(Transport):
    """Sends as zeep does, over one connection a thread, and keeps what went over it."""

    def __init__(self, directory):
        super().__init__(timeout=20, operation_timeout=60)
        self.trust(self.session)
        self.directory = directory
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.local = threading.local()

    @staticmethod
    def trust(session):
        session.trust_env = False  # a proxy of the machine has no part in this
        session.verify = os.environ.get("OIG_CA", True)

    def post(self, address, message, headers):
        name = headers["SOAPAction"].strip('"').removeprefix("urn:")
        with self.lock:
            stem = f"zeep-{next(self.numbers):04}-{name}"
        self.keep(stem + "-request.xml", message)
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            self.trust(self.local.session)
        reply = self.local.session.post(address, data=message, headers=headers, timeout=self.operation_timeout)
        self.keep(stem + "-reply.xml", reply.content)
        kind = reply.headers.get("Content-Type", "")
        if reply.status_code != 200 or not kind.startswith("text/xml"):
            raise Wrong(f"{name}: HTTP {reply.status_code}, {kind}: {reply.text[:400]}")
        return reply

    def keep(self, name, body):
        if self.directory:
            with open(os.path.join(self.directory, name), "wb") as file:
                file.write(body)


class Gateway:
    """All services at `url`. `old_paths` takes the WSDL from where old clients look for it."""

    def __init__(self, url, transport, old_paths=False):
        self.proxies = {}
        for service, folder in FOLDERS.items():
            path = f"/axis2/services/{service}" if old_paths else f"/mitel/oig/{folder}/{service}"
            wsdl = url + path + (".wsdl" if old_paths else "?wsdl")
            client = Client(wsdl, transport=transport, settings=Settings(strict=True))
            address = client.service._binding_options["address"]
            if address != url + path:
                raise Wrong(f"{wsdl} names the address {address}, not {url + path}")
            self.proxies.update((name, client.service) for name in client.service._operations)

    def call(self, operation, **arguments):
        """The `return` element as plain dict, children and attributes alike."""
        reply = serialize_object(getattr(self.proxies[operation], operation)(**arguments), dict)
        if reply is None:
            raise Wrong(f"{operation}: answered without a return element")
        return texts(reply)

    def accepted(self, operation, **arguments):
        reply = self.call(operation, **arguments)
        if reply["result"] is not True or text(reply) is not None:
            raise Wrong(f"{operation} {arguments}: result {reply['result']}, text {text(reply)!r}")
        return reply

    def refused(self, operation, why, **arguments):
        """Refuses with a text; `why` says what is bad about it."""
        reply = self.call(operation, **arguments)
        if reply["result"] is not False:
            raise Wrong(f"{operation} with {why} was accepted: {arguments}")
        if not text(reply):
            raise Wrong(f"{operation} with {why} was refused without a text")
        return reply


def texts(reply):
    """The same, where an empty text in a list is one: zeep reads None, and would not write that again."""
    if isinstance(reply, dict):
        return {name: texts(value) for name, value in reply.items()}
    if isinstance(reply, list):
        return ["" if value is None else texts(value) for value in reply]
    return reply


def text(reply):
    return reply.get("errorDesc") or reply.get("errorDescription")
