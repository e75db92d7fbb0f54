"""Drives a running gateway through zeep: sessions, ids, monitors, events and whole calls.

    call.py URL HANDS1 HANDS2 [--icp1 ADDRESS] [--icp2 ADDRESS] [--record DIR]

URL is the gateway's; HANDS1 and HANDS2 are the hands of nodes 1 and 2. A node is asked for by the
address of its hands, unless --icp1 or --icp2 names another. What is done and what must be heard is
in ../scenario.json and ../operations.json; `../node/call.mjs` does the same through another toolkit.
Run by the tests.
"""

import argparse
import json
import os
import sys
import threading
import time
import traceback
from urllib.parse import urlsplit

import requests

from events import Oracle, Party, same
from gateway import Gateway, Recorder, Wrong, text
from operations import Operations

PATIENCE_S = 10
UNKNOWN_ID = 4_000_000_000_000_001
LEG_COMMANDS = ("answerCall", "holdCall", "retrieveCall", "clearCall")


def now_ms():
    return int(time.time() * 1000)


class Session:
    """A logged in application: its timer is reset every 5 s, its events are read in order."""

    def __init__(self, gateway, scenario):
        self.gateway, self.silence = gateway, scenario["nothing_to_hear"]
        login = gateway.accepted("loginEx", req=scenario["login"])
        self.id = login["sessionId"]
        if not 0 < self.id < 2**53:
            raise Wrong(f"loginEx: sessionId {self.id}")
        same("authenticationData of a standard session", login["authenticationData"], None)
        self.heard = {}
        self.over, self.trouble = threading.Event(), None
        self.timer = threading.Thread(target=self.keep_alive, daemon=True)
        self.timer.start()

    def keep_alive(self):
        try:
            while True:
                self.gateway.accepted("resetSessionTimer", sessionId=self.id)
                if self.over.wait(5):
                    return
        except Exception as trouble:  # told by logout: a thread cannot end the run
            self.trouble = trouble

    def accepted(self, operation, **arguments):
        return self.gateway.accepted(operation, sessionId=self.id, **arguments)

    def refused(self, operation, why, **arguments):
        return self.gateway.refused(operation, why, sessionId=self.id, **arguments)

    def asks(self, operation, **arguments):
        """An operation whose arguments lie in a `request` element, the session in its attributes."""
        return self.gateway.accepted(operation, request={"sessionId": self.id, **arguments})

    def next_event(self, party):
        """The next call event of this party; those of others are kept for them."""
        until = time.monotonic() + PATIENCE_S
        while not self.heard.get(party.object_id):
            reply = self.gateway.call("getEvent", sessionId=self.id, timeout=1000)
            if reply["result"]:
                same("eventType", reply["eventType"], "CALL_EVENT")
                self.heard.setdefault(reply["callEvent"]["objectId"], []).append(reply["callEvent"])
            else:
                same("text of getEvent", text(reply), self.silence)
                if time.monotonic() > until:
                    raise Wrong(f"{party.name} {party.dn} heard nothing for {PATIENCE_S} s")
        return self.heard[party.object_id].pop(0)

    def hears_nothing(self, timeout_ms):
        reply = self.refused("getEvent", "nothing to hear", timeout=timeout_ms)
        same("text of getEvent", text(reply), self.silence)
        left = {number: [e["type"] for e in events] for number, events in self.heard.items() if events}
        same("events that nobody expected", left, {})

    def logout(self):
        self.over.set()
        self.timer.join()
        if self.trouble:
            raise Wrong(f"while the session's timer was reset: {self.trouble}")
        self.accepted("logout")
        reply = self.gateway.call("resetSessionTimer", sessionId=self.id)
        same("resetSessionTimer after logout", reply["result"], False)


class Call:
    """One call of the scenario, from login to logout."""

    def __init__(self, name, gateway, scenario, hands, addresses):
        self.name, self.gateway, self.scenario = name, gateway, scenario
        self.plan, self.hands, self.addresses = scenario["calls"][name], hands, addresses
        self.parties = {n: Party(n, p["dn"], p["node"]) for n, p in self.plan["parties"].items()}
        self.oracle = Oracle(scenario, self.parties, now_ms() - 2000)

    def run(self):
        self.session = Session(self.gateway, self.scenario)
        self.other = Session(self.gateway, self.scenario)
        versions = self.session.accepted("serviceVersions")["serviceVersions"]
        same("serviceVersions", versions, self.scenario["versions"])
        self.session.hears_nothing(1)
        self.find_objects()
        self.monitor()
        if self.plan["refusals"]:
            self.refusals_of_sessions()
            self.refusals_of_objects()
        self.numbered_and_cancelled()
        for step in self.plan["steps"]:
            self.step(step)
        for name in self.plan.get("callers", []):
            self.caller(name)
        self.session.hears_nothing(300)
        for party in self.parties.values():
            self.session.accepted("stopMonitor", objectId=party.object_id)
            self.session.refused("makeCall", "its monitor stopped", objectId=party.object_id, number="1001")
        self.other.hears_nothing(1)
        self.other.logout()
        self.session.logout()
        return self.oracle.global_call_id

    def find_objects(self):
        for party in self.parties.values():
            address, until = self.addresses[party.node], time.monotonic() + PATIENCE_S
            while (icp := self.session.asks("getIcpId", icpIpAddress=address))["connectionState"] != "CONNECTED":
                if time.monotonic() > until:
                    raise Wrong(f"node {address} is {icp['connectionState']}")
                time.sleep(0.1)
            party.icp_id = icp["icpId"]
            party.object_id = self.find(party.dn, party.icp_id)
            same("the id asked for again", self.find(party.dn, party.icp_id), party.object_id)
        self.bystander = self.find(self.plan["bystander"], self.parties["caller"].icp_id)
        ids = {self.bystander, *(party.object_id for party in self.parties.values())}
        same("number of objects", len(ids), 3)

    def find(self, dn, icp_id):
        number = self.session.asks("getPhoneNumberId", icpId=icp_id, primeDn=dn)["objectId"]
        if not 0 < number < 2**53:
            raise Wrong(f"getPhoneNumberId {dn}: objectId {number}")
        return number

    def monitor(self):
        for party in self.parties.values():
            reply = self.session.accepted("monitorObject", objectId=party.object_id)
            same("monitorObject: objectId", reply["objectId"], party.object_id)
            same("monitorObject: icpId", reply["icpId"], party.icp_id)
            self.hear({**self.scenario["monitor_set"], "at": party.name})
            self.status_is(party, "IDLE")

    def hear(self, expected):
        """Reads on at the party until the expected event; in between only what may be heard."""
        party = self.parties[expected["at"]]
        while (event := self.session.next_event(party))["type"] in self.plan["may_hear"]:
            self.oracle.check_any(event, party, now_ms())
        self.oracle.check(event, expected, party, now_ms())

    def status_is(self, party, state):
        event = self.session.accepted("getCallStatus", objectId=party.object_id)["callEvent"]
        what = f"getCallStatus of {party.dn}"
        same(what, (event["callState"], event["localCallId"]), (state, party.leg))
        same(f"{what}: objectId", event["objectId"], party.object_id)
        if state == "IDLE":
            same(f"{what}: type", event["type"], "MONITOR_SET")

    def step(self, step):
        by = self.parties[step["by"]]
        if "hand" in step:
            url = f"{self.hands[by.node]}/phones/{by.dn}/{step['hand']}"
            reply = requests.post(url, json={"line": 1}, timeout=10, proxies={"http": ""})
            same(f"{url}: {reply.text}", reply.status_code, 200)
        elif step["do"] == "makeCall":
            number = self.parties[step["number"]].dn
            self.session.accepted("makeCall", objectId=by.object_id, number=number)
        else:
            feature = self.scenario["feature_of"][step["do"]]
            if feature not in by.allowed:
                raise Wrong(f"{feature} is not announced at {by.dn}, only {sorted(by.allowed)}")
            self.session.accepted(step["do"], objectId=by.object_id, localCallId=by.leg)
        for expected in step["hear"]:
            self.hear(expected)
        for name, party in self.parties.items():
            state = [expected["state"] for expected in step["hear"] if expected["at"] == name][-1]
            self.status_is(party, state)
            if party.leg and self.plan["refusals"]:
                self.refusals_of_legs(party)

    def caller(self, name):
        """The name of somebody outside comes as it is; who has none has no NAME."""
        callee = self.parties["callee"]
        outside = f"{self.hands[callee.node]}/outside"
        asked = {"from": "+14165551234", "name": name, "to": f"+1613555{callee.dn}"}
        reply = requests.post(f"{outside}/call", json=asked, timeout=10, proxies={"http": ""})
        same(f"{outside}/call: {reply.text}", reply.status_code, 200)
        call, rings = reply.json()["call"], self.session.next_event(callee)
        same("what somebody outside leads to", rings["type"], "CALL_RECEIVED")
        who = next(device for device in rings["device"] if device["deviceName"] == "CALLING_DEVICE")
        attributes = self.oracle.attributes(who["deviceAttribute"], "somebody outside")
        same("the name of somebody outside", attributes.get("NAME"), name or None)
        reply = requests.post(f"{outside}/{call}/hangup", json={}, timeout=10, proxies={"http": ""})
        same(f"{outside}/{call}/hangup: {reply.text}", reply.status_code, 200)
        same("what follows", self.session.next_event(callee)["type"], "CALL_CLEAR")

    def refusals_of_legs(self, party):
        """What is not announced, legs that are not, and sessions that watch nothing."""
        for operation, feature in self.scenario["feature_of"].items():
            if feature not in party.allowed:
                why = f"{feature} not announced at {party.dn}"
                self.session.refused(operation, why, objectId=party.object_id, localCallId=party.leg)
        for operation in LEG_COMMANDS:
            unknown = party.leg + 1_000_000
            self.session.refused(operation, "an unknown leg", objectId=party.object_id, localCallId=unknown)
        for operation in LEG_COMMANDS:
            why = "a session that does not watch"
            self.other.refused(operation, why, objectId=party.object_id, localCallId=party.leg)

    def refusals_of_sessions(self):
        """Every operation with a session that does not exist; logins that are not right."""
        good = self.scenario["login"]
        for field, value in (("localPassword", "x"), ("applicationPassword", "x"), ("applicationName", "Nobody"),
                             ("companyName", "Nobody"), ("version", "99.0")):
            reply = self.gateway.refused("loginEx", f"{field} {value}", req={**good, field: value})
            same("sessionId of a refused login", reply["sessionId"], 0)
        reply = self.gateway.call("resetSessionTimer", sessionId=UNKNOWN_ID)
        same("resetSessionTimer of an unknown session", reply["result"], False)
        one, leg = self.parties["caller"].object_id, {"objectId": self.parties["caller"].object_id, "localCallId": 1}
        icp_id = self.parties["caller"].icp_id
        plain = {
            "serviceVersions": {}, "logout": {}, "cancelGetEvent": {}, "getEvent": {"timeout": 1},
            "getNumberedEvent": {"timeout": 1, "eventNumber": 1}, "getCallStatus": {"objectId": one},
            "monitorObject": {"objectId": one}, "stopMonitor": {"objectId": one},
            "makeCall": {"objectId": one, "number": "1001"}, **{operation: leg for operation in LEG_COMMANDS},
        }
        for operation, arguments in plain.items():
            self.gateway.refused(operation, "an unknown session", sessionId=UNKNOWN_ID, **arguments)
        for operation, arguments in (("getIcpId", {"icpIpAddress": self.addresses[1]}),
                                     ("getPhoneNumberId", {"icpId": icp_id, "primeDn": "1000"})):
            self.gateway.refused(operation, "an unknown session", request={"sessionId": UNKNOWN_ID, **arguments})

    def refusals_of_objects(self):
        """Objects that do not exist, and one that exists and is not monitored."""
        ask = {"sessionId": self.session.id}
        reply = self.gateway.refused("getIcpId", "no such node", request={**ask, "icpIpAddress": "192.0.2.1"})
        same("connectionState of no node", reply["connectionState"], "NOT_CONNECTED")
        icp_id = self.parties["caller"].icp_id
        for icp, dn in ((icp_id, "7654321"), (999, "1000")):
            request = {**ask, "icpId": icp, "primeDn": dn}
            self.gateway.refused("getPhoneNumberId", f"no such number {dn} of {icp}", request=request)
        reply = self.session.refused("monitorObject", "no such object", objectId=UNKNOWN_ID)
        same("objectId of a refused monitor", reply["objectId"], UNKNOWN_ID)
        self.session.refused("advGetEvent", "standard service", timeout=1)
        one = {"objectId": self.bystander}
        self.session.refused("makeCall", "an unmonitored object", **one, number="1001")
        for operation in ("getCallStatus", "stopMonitor"):
            self.session.refused(operation, "an unmonitored object", **one)
        for operation in LEG_COMMANDS:
            self.session.refused(operation, "an unmonitored object", **one, localCallId=1)

    def numbered_and_cancelled(self):
        """Event 1 again by its number; one that is yet to come; a held poll let go by another thread."""
        first = self.session.accepted("getNumberedEvent", timeout=1000, eventNumber=1)
        event, caller = first["callEvent"], self.parties["caller"]
        same("event 1", (first["eventNumber"], first["advanced"], event["type"], event["objectId"]),
             (1, False, "MONITOR_SET", caller.object_id))
        reply = self.session.refused("getNumberedEvent", "no event 1000 yet", timeout=1, eventNumber=1000)
        same("text of getNumberedEvent", text(reply), self.session.silence)

        polled = []
        ask = lambda: polled.append(self.gateway.call("getEvent", sessionId=self.session.id, timeout=60_000))
        poll = threading.Thread(target=ask, daemon=True)
        poll.start()
        until = time.monotonic() + PATIENCE_S
        while poll.is_alive():
            self.session.accepted("cancelGetEvent")
            poll.join(0.1)
            if time.monotonic() > until:
                raise Wrong("cancelGetEvent did not release a held poll")
        if not polled:
            raise Wrong("a poll that was let go had no answer")
        same("a poll that was let go", (polled[0]["result"], text(polled[0])), (False, self.session.silence))


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("url")
    words.add_argument("hands", nargs=2)
    words.add_argument("--icp1")
    words.add_argument("--icp2")
    words.add_argument("--record", metavar="DIR")
    given = words.parse_args()
    if given.record:
        os.makedirs(given.record, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "scenario.json"), encoding="utf-8") as file:
        scenario = json.load(file)
    hands = dict(enumerate((h.rstrip("/") for h in given.hands), 1))
    addresses = {1: given.icp1 or urlsplit(hands[1]).hostname, 2: given.icp2 or urlsplit(hands[2]).hostname}

    transport, began, at = Recorder(given.record), time.monotonic(), "the WSDL"
    try:
        gateways = [Gateway(given.url.rstrip("/"), transport, old_paths=old) for old in (False, True)]
        same("operations at the old paths", set(gateways[1].proxies), set(gateways[0].proxies))
        calls = set()
        for (at, _), gateway in zip(scenario["calls"].items(), gateways, strict=True):
            calls.add(Call(at, gateway, scenario, hands, addresses).run())
        same("Global Call IDs", len(calls), len(scenario["calls"]))
        at = "the operations"
        operations = Operations(gateways[0], scenario["login"], addresses[1]).run()
    except Exception as trouble:
        if not isinstance(trouble, Wrong):
            traceback.print_exc()
        sys.exit(f"zeep: failed in {at}: {trouble}")
    print(f"zeep: {len(calls)} calls, {operations} operations, {next(transport.numbers) - 1} requests, "
          f"{time.monotonic() - began:.1f} s: as agreed")


if __name__ == "__main__":
    main()
