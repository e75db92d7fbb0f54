"""Each operation of ../operations.json once badly and once well, each in a session of its own."""

import json
import os
import time

from gateway import Wrong, text

PATIENCE_S = 10
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "operations.json")


def given_names():
    """What whoever runs this has prepared: name=value;name=value, numbers as such."""
    pairs = [pair.split("=", 1) for pair in os.environ.get("OIG_NAMES", "").split(";") if pair]
    return {name: int(value) if value.isdigit() else value for name, value in pairs}


class Operations:
    """`address` is node 1's; `login` what a session begins with."""

    def __init__(self, gateway, login, address):
        self.gateway, self.login, self.address = gateway, login, address
        with open(FILE, encoding="utf-8") as file:
            self.plan = json.load(file)

    def run(self):
        """How many operations were called; those that wait for their handler are not."""
        ready = {name: entry for name, entry in self.plan["operations"].items() if not entry.get("waiting")}
        for name, entry in ready.items():
            try:
                self.entry(name, entry)
            except Wrong as wrong:
                raise Wrong(f"the entry of {name}: {wrong}") from wrong
        return len(ready)

    def entry(self, name, entry):
        self.begin()
        self.steps([{"given": entry["given"]}] if "given" in entry else [])
        self.bad(name, entry["bad"])
        self.good(name, entry["good"])
        self.steps(entry.get("then", []))
        self.end()

    def begin(self):
        session = self.gateway.accepted("loginEx", req=self.login)["sessionId"]
        icp = self.gateway.accepted("getIcpId", request={"sessionId": session, "icpIpAddress": self.address})["icpId"]
        self.kept = {"session": session, "icp": icp, "address": self.address, **given_names()}
        self.heard = []
        for party, dn in self.plan["parties"].items():
            request = {"sessionId": session, "icpId": icp, "primeDn": dn}
            self.kept[party] = self.gateway.accepted("getPhoneNumberId", request=request)["objectId"]
            self.gateway.accepted("monitorObject", sessionId=session, objectId=self.kept[party])
        # A call that began before the last MONITOR_SET would be told by that one.
        last = len(self.plan["parties"])
        self.gateway.accepted("getNumberedEvent", sessionId=session, timeout=10000, eventNumber=last)

    def end(self):
        """Whatever calls are left are cleared, so that the next entry begins with idle phones."""
        session, until = self.kept["session"], time.monotonic() + PATIENCE_S
        for party in self.plan["parties"]:
            leg = {"sessionId": session, "objectId": self.kept[party]}
            if not self.gateway.call("getCallStatus", **leg)["result"]:
                self.gateway.accepted("monitorObject", **leg)
            while (event := self.gateway.accepted("getCallStatus", **leg)["callEvent"])["callState"] != "IDLE":
                if time.monotonic() > until:
                    raise Wrong(f"{party} is still {event['callState']}")
                leg["localCallId"] = event["localCallId"]
                # What is held is retrieved first, and what rings by itself is answered.
                any(self.gateway.call(way, **leg)["result"] for way in ("clearCall", "retrieveCall", "answerCall"))
                del leg["localCallId"]
                self.gateway.call("getEvent", sessionId=session, timeout=100)
        self.gateway.accepted("logout", sessionId=session)

    def steps(self, steps):
        for step in steps:
            if "given" in step:
                self.steps(self.plan["given"][step["given"]])
            elif "do" in step:
                self.good(step["do"], step)
            else:
                self.hear(step)

    def good(self, operation, step):
        reply = self.accepted(operation, step)
        for path, wanted in step.get("gives", {}).items():
            found, wanted = field(reply, path), self.value(wanted)
            if found is None or (wanted != "*" and found != wanted):
                raise Wrong(f"{operation}: {path} is {found!r}, should be {wanted!r}")
        self.kept.update((name, field(reply, path)) for name, path in step.get("keep", {}).items())

    def accepted(self, operation, step):
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.gateway.accepted(operation, **self.value(step["with"]))
            except Wrong:
                if not step.get("patient") or time.monotonic() > until:
                    raise

    def bad(self, operation, step):
        reply = self.gateway.call(operation, **self.value(step["with"]))
        if (reply["result"], text(reply)) != (False, step["text"]):
            raise Wrong(f"{operation}: result {reply['result']}, text {text(reply)!r}, should be {step['text']!r}")

    def hear(self, step):
        """The first event of this type at this party that was not taken yet."""
        until = time.monotonic() + PATIENCE_S
        wanted = (step["hear"], self.kept[step["at"]])
        while not (found := [e for e in self.heard if (kind(e), e["objectId"]) == wanted]):
            if time.monotonic() > until:
                raise Wrong(f"{step['at']} did not hear {step['hear']}, but {[kind(e) for e in self.heard]}")
            reply = self.gateway.call("getEvent", sessionId=self.kept["session"], timeout=1000)
            if reply["result"]:
                self.heard.append(reply["callEvent"] or reply["featureEvent"])
        self.heard.remove(found[0])
        if "keep" in step:
            self.kept[step["keep"]] = found[0]["localCallId"]

    def value(self, given):
        """With what was kept in place of `$name`; zeep knows itself what is an attribute."""
        if isinstance(given, dict):
            return {name.removeprefix("@"): self.value(inner) for name, inner in given.items()}
        if isinstance(given, list):
            return [self.value(inner) for inner in given]
        return self.kept[given[1:]] if isinstance(given, str) and given.startswith("$") else given


def kind(event):
    """The type of a call event or of a feature event."""
    return event.get("type") or event.get("eventType")


def field(reply, path):
    for name in path.split("."):
        if isinstance(reply, list):
            at = int(name)
            reply = reply[at] if at < len(reply) else None
        else:
            reply = reply and reply.get(name)
    return reply
