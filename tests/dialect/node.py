#!/usr/bin/env python3
"""A small switch with a CSTA dialect of its own, against which the whole gateway is tested.

It shares no code with the gateway, so that our reader and writer cannot merely agree with each other. The dialect
is put together of what real switches do:

* every element has the prefix `csta:`, the edition is 4, children come in an order of its own;
* devices are `N<1000!98>`, and of callID and deviceID now one comes first and now the other;
* nothing is permitted or announced (no servicesPermitted, no private data, no callLinkageData);
* snapshots say the state of a call in one word (simpleCallState);
* a request in another edition is refused, whatever it asks for;
* there is no directory, and every service that is not in SERVICES below is answered with serviceNotSupported.

    node.py --style server-first|session|none [--address A] [--csta-port N] [--hands-port N] [--license-limit N]

It prints one line with its ports and lives until it is killed. People at its phones are played over HTTP, as at the
simulated node: POST /phones/1000/dial {"number": "1001"}, and /answer, /hold, /retrieve, /hangup, /fail without a body.
POST /faults/status {"value": "overloadReached"} lets the switch say that of itself.
POST /faults/less {"say": {"callingDevice": "notKnown", "calledDevice": null, "cause": null}} lets its events say that a
party is notKnown or restricted, have another cause, or leave an element out (null); {"say": {}} ends it.
GET /seen gives how often each service was asked for, and the login of the last session.
"""

import argparse
import json
import socket
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree
from xml.sax.saxutils import escape

CSTA = "http://www.ecma-international.org/standards/ecma-323/csta/ed4"
SESSION = "http://www.ecma-international.org/standards/ecma-354/appl_session"
PHONES = [str(number) for number in range(1000, 1010)]
LOGIN = ("cti", "open & sesame")
SESSION_S = 4
EVENT = 9999


class Refused(Exception):
    """A CSTAErrorCode: category and value."""


def operation(value):
    return Refused("operation", value)


def state(value):
    return Refused("stateIncompatibility", value)


def tag(name, *content):
    return f"<csta:{name}>{''.join(content)}</csta:{name}>"


def device(number):
    return escape(f"N<{number}!98>")


def party(name, number):
    return tag(name, tag("deviceIdentifier", device(number)))


def document(root, *content):
    return f'<csta:{root} xmlns:csta="{CSTA}">{"".join(content)}</csta:{root}>'


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def find(element, *path):
    """The text at a path of local names; '' where there is none."""
    for name in path:
        element = next((child for child in element if local(child) == name), None)
        if element is None:
            return ""
    return (element.text or "").strip()


def number_of(text):
    """The number of a device, said plainly or as N<1000!98>."""
    inside = text[2:].split(">")[0] if text.startswith("N<") else text
    return inside.split("!")[0].split("&")[0]


class Call:
    """Two phones, each with a state of its own: connected, alerting or hold."""

    def __init__(self, key, caller, callee):
        self.key = key
        self.caller, self.callee = caller, callee
        self.states = {caller: "connected", callee: "alerting"}

    def other(self, phone):
        return self.callee if phone == self.caller else self.caller

    def in_a_word(self, phone):
        return {
            ("connected", "alerting"): "callDelivered",
            ("alerting", "connected"): "callReceived",
            ("connected", "connected"): "callEstablished",
            ("hold", "connected"): "callEstablishedHeld",
            ("connected", "hold"): "callEstablishedOnHold",
        }.get((self.states[phone], self.states[self.other(phone)]), "callNull")


class Switch:
    """Phones and calls, and who hears of them. All of it is under one lock."""

    def __init__(self, license_limit):
        self.lock = threading.RLock()
        self.calls = {}
        self.links = set()
        self.next = 0
        self.license_limit = license_limit
        self.less = {}
        self.seen = Counter()
        self.login = None

    def number(self):
        self.next += 1
        return self.next

    def connection(self, call, phone):
        """Now the one first, now the other."""
        parts = [tag("callID", call.key), tag("deviceID", device(phone))]
        return "".join(parts if self.number() % 2 else reversed(parts))

    def tell(self, phones, event, call, acts, *, connection, subject, parties, cause):
        for phone in phones:
            here = call.states.get(phone, "null")
            content = [("cause", tag("cause", cause)), ("localConnectionInfo", tag("localConnectionInfo", here))]
            if parties:
                content += [
                    ("lastRedirectionDevice", tag("lastRedirectionDevice", tag("notRequired"))),
                    ("calledDevice", party("calledDevice", call.callee)),
                    ("callingDevice", party("callingDevice", call.caller)),
                ]
            content += [(subject, party(subject, acts)), (connection, tag(connection, self.connection(call, acts)))]
            content = [self.said(name, element) for name, element in content]
            for link in list(self.links):
                for reference, monitored in list(link.monitors.items()):
                    if monitored == phone:
                        link.send(EVENT, document(event, *content, tag("monitorCrossRefID", reference)))

    def said(self, name, element):
        """An element of an event, as far as it may be said."""
        if name not in self.less:
            return element
        said = self.less[name]
        # A cause is a word, another element one of the standard's empty ones.
        return tag(name, said if name == "cause" else tag(said)) if said else ""

    def fail(self, phone):
        """The call of a phone has failed; why is said as far as it may be."""
        call = self.the_call(phone, ["connected"])
        other = call.other(phone)
        call.states = {phone: "fail"}

        def told():
            self.tell([phone], "FailedEvent", call, phone, connection="failedConnection", subject="failingDevice",
                      parties=True, cause="busy")
            self.tell([other], "ConnectionClearedEvent", call, other, connection="droppedConnection",
                      subject="releasingDevice", parties=False, cause="normal")

        return told

    def the_call(self, phone, states, key=None):
        for call in self.calls.values():
            if (key is None or call.key == key) and call.states.get(phone) in states:
                return call
        if key is not None and key not in self.calls:
            raise operation("invalidConnectionID")
        raise state("invalidConnectionState")

    def dial(self, phone, number):
        if phone not in PHONES:
            raise operation("invalidCallingDeviceID")
        if number not in PHONES or number == phone:
            raise operation("invalidCalledDeviceID")
        for end in (phone, number):
            if any(call.states.get(end) in ("connected", "alerting") for call in self.calls.values()):
                raise Refused("systemResourceAvailibility", "resourceBusy")
        call = Call(f"{self.number():032X}", phone, number)
        self.calls[call.key] = call
        return call

    def ring(self, call):
        # The caller's own leg comes before anybody rings: its monitor hears the originating, and both the ringing.
        self.tell([call.caller], "OriginatedEvent", call, call.caller, connection="originatedConnection",
                  subject="callingDevice", parties=False, cause="newCall")
        self.tell([call.caller, call.callee], "DeliveredEvent", call, call.callee, connection="connection",
                  subject="alertingDevice", parties=True, cause="newCall")

    def answer(self, phone, key=None):
        call = self.the_call(phone, ["alerting"], key)
        call.states[phone] = "connected"
        return lambda: self.tell(
            list(call.states), "EstablishedEvent", call, phone, connection="establishedConnection",
            subject="answeringDevice", parties=True, cause="newCall")

    def hold(self, phone, key=None):
        call = self.the_call(phone, ["connected"], key)
        if call.states[call.other(phone)] == "alerting":
            raise state("invalidConnectionState")
        call.states[phone] = "hold"
        return lambda: self.tell(
            list(call.states), "HeldEvent", call, phone, connection="heldConnection", subject="holdingDevice",
            parties=False, cause="normal")

    def retrieve(self, phone, key=None):
        call = self.the_call(phone, ["hold"], key)
        call.states[phone] = "connected"
        return lambda: self.tell(
            list(call.states), "RetrievedEvent", call, phone, connection="retrievedConnection",
            subject="retrievingDevice", parties=False, cause="normal")

    def hangup(self, phone, key=None):
        call = self.the_call(phone, ["connected", "alerting", "hold", "fail"], key)
        del self.calls[call.key]
        phones, call.states = list(call.states), {}
        return lambda: self.tell(
            phones, "ConnectionClearedEvent", call, phone, connection="droppedConnection",
            subject="releasingDevice", parties=False, cause="normalClearing")


    def inform(self, phone, number, name):
        """The other party is another now, and the call has another name: of what came about nothing is said."""
        call = self.the_call(phone, ["connected", "hold"])
        linkage = tag("globalCallLinkageID", tag("globallyUniqueCallLinkageID", name))
        content = [
            tag("connection", self.connection(call, phone)),
            party("device", number),
            tag("callLinkageDataList", tag("newCallLinkageData", tag("globalCallData", linkage))),
        ]
        for link in list(self.links):
            for reference, monitored in list(link.monitors.items()):
                if monitored == phone:
                    cross = tag("monitorCrossRefID", reference)
                    link.send(EVENT, document("CallInformationEvent", *content, cross))


def at_a_connection(child, action):
    """The service of Link that does something at the connection in this child."""

    def service(self, request):
        key, phone = find(request, child, "callID"), number_of(find(request, child, "deviceID"))
        return "", getattr(self.switch, action)(phone, key)

    return service


class Link(threading.Thread):
    """One gateway's connection: its association, its monitors, its requests."""

    def __init__(self, switch, peer, style):
        super().__init__(daemon=True)
        self.switch, self.peer, self.style = switch, peer, style
        self.monitors = {}
        self.session = style != "session"

    def run(self):
        with self.switch.lock:
            self.switch.links.add(self)
            if self.style == "server-first":
                self.send(1, document("SystemStatus", tag("systemStatus", "enabled")))
        try:
            while True:
                kind, length = struct.unpack(">HH", self.read(4))
                invoke = int(self.read(4))
                body = self.read(length - 8)
                if kind != 0:
                    break
                with self.switch.lock:
                    self.heard(invoke, ElementTree.fromstring(body))
        except (OSError, EOFError):
            pass
        finally:
            with self.switch.lock:
                self.switch.links.discard(self)
            self.peer.close()

    def read(self, size):
        parts = b""
        while len(parts) < size:
            part = self.peer.recv(size - len(parts))
            if not part:
                raise EOFError
            parts += part
        return parts

    def send(self, invoke, xml):
        body = xml.encode()
        try:
            self.peer.sendall(struct.pack(">HH", 0, len(body) + 8) + b"%04d" % invoke + body)
        except OSError:
            pass  # its reader sees the end

    def heard(self, invoke, request):
        name = local(request)
        if name.endswith("Response") or name == "CSTAErrorCode" or invoke == EVENT:
            return
        self.switch.seen[name] += 1
        if name in ("StartApplicationSession", "ResetApplicationSessionTimer", "StopApplicationSession"):
            return self.send(invoke, self.of_session(name, request))
        try:
            if request.tag != f"{{{CSTA}}}{name}":
                self.switch.seen["in another edition"] += 1
                raise operation("generic")
            service = self.SERVICES.get(name)
            if not self.session or service is None:
                raise operation("serviceNotSupported") if self.session else Refused("security", "securityViolation")
            content, afterwards = service(self, request)
            self.send(invoke, document(f"{name}Response", content))
            if afterwards:
                afterwards()
        except Refused as refused:
            category, value = refused.args
            self.send(invoke, document("CSTAErrorCode", tag(category, value)))

    def of_session(self, name, request):
        def of(root, content=""):
            return f'<aps:{root} xmlns:aps="{SESSION}">{content}</aps:{root}>'

        def refused(why):
            return of(f"{name}NegResponse", f"<aps:errorCode><aps:definedError>{why}</aps:definedError></aps:errorCode>")

        if name == "StopApplicationSession":
            self.session = False
            return of(f"{name}PosResponse")
        duration = f"<aps:actualSessionDuration>{SESSION_S}</aps:actualSessionDuration>"
        if name == "ResetApplicationSessionTimer":
            return of(f"{name}PosResponse", duration)
        # The login is nested in elements of the maker's own.
        login = {local(e): (e.text or "").strip() for e in request.iter()}
        self.switch.login = [login.get("userName"), login.get("password")]
        if tuple(self.switch.login) != LOGIN:
            return refused("invalidApplicationInfo")
        if CSTA not in [(e.text or "").strip() for e in request.iter() if local(e) == "protocolVersion"]:
            return refused("requestedProtocolVersionNotSupported")
        self.session = True
        version = f"<aps:actualProtocolVersion>{CSTA}</aps:actualProtocolVersion>"
        return of(f"{name}PosResponse", f"{duration}{version}<aps:sessionID>{self.switch.number()}</aps:sessionID>")

    def monitor_start(self, request):
        phone = number_of(find(request, "monitorObject", "deviceObject"))
        if phone not in PHONES:
            raise operation("invalidDeviceID")
        # One licence for each monitor.
        if sum(len(link.monitors) for link in self.switch.links) >= self.switch.license_limit:
            raise Refused("systemResourceAvailibility", "overallMonitorLimitExceeded")
        reference = str(self.switch.number())
        self.monitors[reference] = phone
        return tag("monitorExistingCalls", "false") + tag("monitorCrossRefID", reference), None

    def monitor_stop(self, request):
        if self.monitors.pop(find(request, "monitorCrossRefID"), None) is None:
            raise operation("invalidMonitorCrossRefID")
        return "", None

    def snapshot_device(self, request):
        phone = number_of(find(request, "snapshotObject"))
        if phone not in PHONES:
            raise operation("invalidDeviceID")
        lines = [
            tag(
                "snapshotDeviceResponseInfo",
                tag("localCallState", tag("simpleCallState", call.in_a_word(phone))),
                party("endpointDevice", phone),
                tag("connectionIdentifier", self.switch.connection(call, phone)),
            )
            for call in self.switch.calls.values()
            if phone in call.states
        ]
        return tag("crossRefIDorSnapshotData", tag("snapshotData", *lines)), None

    def make_call(self, request):
        caller = number_of(find(request, "callingDevice"))
        call = self.switch.dial(caller, number_of(find(request, "calledDirectoryNumber")))
        return tag("callingDevice", self.switch.connection(call, caller)), lambda: self.switch.ring(call)

    SERVICES = {
        "MonitorStart": monitor_start,
        "MonitorStop": monitor_stop,
        "SnapshotDevice": snapshot_device,
        "MakeCall": make_call,
        "AnswerCall": at_a_connection("callToBeAnswered", "answer"),
        "HoldCall": at_a_connection("callToBeHeld", "hold"),
        "RetrieveCall": at_a_connection("callToBeRetrieved", "retrieve"),
        "ClearConnection": at_a_connection("connectionToBeCleared", "hangup"),
    }


def hands(switch):
    class Hands(BaseHTTPRequestHandler):
        def reply(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            with switch.lock:
                self.reply(200, {"services": dict(switch.seen), "login": switch.login})

        def do_POST(self):
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            parts = self.path.strip("/").split("/")
            if parts == ["faults", "status"]:
                with switch.lock:
                    for link in switch.links:
                        link.send(2, document("SystemStatus", tag("systemStatus", body["value"])))
                return self.reply(200, {})
            if parts == ["faults", "less"]:
                with switch.lock:
                    switch.less = body["say"]
                return self.reply(200, {})
            if len(parts) != 3 or parts[0] != "phones" or parts[2] not in VERBS:
                return self.reply(404, {"error": "no such deed"})
            try:
                with switch.lock:
                    if parts[2] == "dial":
                        switch.ring(switch.dial(parts[1], body["number"]))
                    elif parts[2] == "inform":
                        switch.inform(parts[1], body["number"], body["name"])
                    else:
                        getattr(switch, parts[2])(parts[1])()
            except Refused as refused:
                return self.reply(409, {"error": refused.args[1]})
            self.reply(200, {})

        def log_message(self, *_):
            pass

    return Hands


VERBS = ("dial", "answer", "hold", "retrieve", "hangup", "inform", "fail")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--style", choices=["server-first", "session", "none"], required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--csta-port", type=int, default=0)
    parser.add_argument("--hands-port", type=int, default=0)
    parser.add_argument("--license-limit", type=int, default=100)
    arguments = parser.parse_args()
    switch = Switch(arguments.license_limit)
    http = ThreadingHTTPServer((arguments.address, arguments.hands_port), hands(switch))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    with socket.create_server((arguments.address, arguments.csta_port)) as server:
        print(f"csta={server.getsockname()[1]} hands={http.server_address[1]}", flush=True)
        while True:
            peer, _ = server.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Link(switch, peer, arguments.style).start()


if __name__ == "__main__":
    main()
