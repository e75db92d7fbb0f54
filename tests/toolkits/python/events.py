"""Holds one call event against what the contract says of it. Pure: no client, no clock of its own."""

import re

from gateway import Wrong

GLOBAL_CALL_ID = re.compile(r"[A-Za-z][0-9]{3}[0-9A-Za-z]{4}[A-Z]?")


class Party:
    """A phone of the call: who it is, and what its last event said."""

    def __init__(self, name, dn, node):
        self.name, self.dn, self.node = name, dn, node
        self.icp_id = self.object_id = 0
        self.leg = 0
        self.allowed = set()
        self.time_ms = 0


class Oracle:
    """What must be true of every event of one call, and of one event against the next."""

    def __init__(self, scenario, parties, started_ms):
        self.types = scenario["attribute_types"]
        self.parties = parties
        self.started_ms = started_ms
        self.global_call_id = None

    def check(self, event, expected, at, now_ms):
        """`event` is the one that `expected` describes, at the party `at`."""
        said = (event["type"], event["cause"], event["callState"])
        wanted = (expected["type"], expected["cause"], expected["state"])
        if said != wanted:
            raise Wrong(f"{at.name} {at.dn} heard {said}, should hear {wanted}")
        self.check_any(event, at, now_ms)
        attributes = self.attributes(event["callEventAttribute"], said)
        for name, party in expected.get("attributes", {}).items():
            same(f"{said} {name}", attributes.get(name), self.parties[party].dn)
        self.check_devices(event, expected["devices"], at, said)
        self.check_leg(event, expected["state"], at, attributes, said)
        at.allowed = set(event["featuresAllowed"])

    def check_any(self, event, at, now_ms):
        """What holds for every event, expected or not."""
        said = f"{event['type']} at {at.dn}"
        same(f"{said}: objectId", event["objectId"], at.object_id)
        time_ms = event["callEventTime"]
        if not max(self.started_ms, at.time_ms) <= time_ms <= now_ms + 2000:
            raise Wrong(f"{said}: callEventTime {time_ms}, between {at.time_ms or self.started_ms} and {now_ms}")
        at.time_ms = time_ms
        attributes = self.attributes(event["callEventAttribute"], said)
        same(f"{said}: ICP_ID", attributes.get("ICP_ID"), str(at.icp_id))

    def check_leg(self, event, state, at, attributes, said):
        """The leg's id stays from first to last, the Global Call ID is one for the whole call."""
        leg, call = event["localCallId"], attributes.get("CURRENT_GLOBAL_CALL_ID")
        if event["type"] == "MONITOR_SET" and state == "IDLE":
            same(f"{said}: localCallId", leg, 0)
            return
        if not 0 < leg < 2**53:
            raise Wrong(f"{said}: localCallId {leg}")
        same(f"{said}: localCallId", leg, at.leg or leg)
        at.leg = 0 if state == "IDLE" else leg
        if not call or not GLOBAL_CALL_ID.fullmatch(call):
            raise Wrong(f"{said}: CURRENT_GLOBAL_CALL_ID {call!r}")
        self.global_call_id = self.global_call_id or call
        same(f"{said}: CURRENT_GLOBAL_CALL_ID", call, self.global_call_id)

    def check_devices(self, event, expected, at, said):
        """Roles in order; each with number, type and name, a far node's party at least with its number."""
        if at.name not in (party for _, party in expected):
            expected = [["USING_DEVICE", at.name], *expected]
        names = [device["deviceName"] for device in event["device"]]
        roles = [role for role, _ in expected]
        if len(names) != len(roles) or any(n not in r.split("|") for n, r in zip(names, roles)):
            raise Wrong(f"{said} at {at.dn}: devices {names}, should be {roles}")
        for device, (role, party) in zip(event["device"], expected):
            party, what = self.parties[party], f"{said} at {at.dn}: {role}"
            attributes = self.attributes(device["deviceAttribute"], what)
            same(f"{what} NUMBER", attributes.get("NUMBER"), party.dn)
            for name in ("NAME", "DEVICE_TYPE"):
                if party.node == at.node and not attributes.get(name):
                    raise Wrong(f"{what} has no {name}")

    def attributes(self, rows, what):
        """Name to value; each of the type that its name has, none twice."""
        values = {}
        for row in rows:
            name = row["attributeName"]
            same(f"{what}: type of {name}", row["attributeType"], self.types.get(name, row["attributeType"]))
            if name in values:
                raise Wrong(f"{what}: {name} twice")
            values[name] = row["attributeValue"]
        return values


def same(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{what} is {found!r}, should be {wanted!r}")
