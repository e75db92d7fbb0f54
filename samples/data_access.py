#!/usr/bin/env python3
"""Follows one telephone: what is configured of it at its node, and its calls.

    samples/data_access.py --node 127.0.0.11 --number 1000

A sample for whoever writes an application: SOAP and REST in one session. It logs in by SOAP, reads the phone's row by
REST, monitors the phone by SOAP, and from then on prints a line for each change of the row (a trigger, polled by REST)
and for each event of a call (polled by SOAP), until Ctrl-C or so many changes. It needs two libraries:

    pip install zeep requests

By default it goes by what the lab has (`oig lab`). Passwords are read from the environment alone: what stands on a
command line can be seen by others of the same machine.
"""

import argparse
import os
import signal
import sys
import threading

import requests
from zeep import Client
from zeep.exceptions import Error as SoapError
from zeep.transports import Transport

REST = "/mitel/oig/rest/resources/v1"
# A session ends when its timer was not reset for 10 s.
RESET_S = 3
# How long a poll may wait for something to tell, in ms; how long an answer may take, and that of a poll, in s.
POLL_MS = 30_000
PATIENCE_S = 10
LONGEST_S = POLL_MS / 1000 + PATIENCE_S
# How a poll ends by SOAP when there was nothing to tell.
NOTHING = "Timeout no event message available."


class Refused(Exception):
    """The gateway said no; the text says why."""


class Session:
    """A session of the gateway: begun when entered, kept alive while we are in it, ended when left."""

    def __init__(self, given):
        self.url = given.url.rstrip("/")
        self.credentials = {
            "companyName": given.company,
            "applicationName": given.application,
            "applicationPassword": os.environ.get("OIG_APPLICATION_PASSWORD", "screen-pop"),
            "localPassword": os.environ.get("OIG_LOCAL_PASSWORD", "lab"),
            "version": "4.1",
        }
        self.ca = given.ca
        # Each of them is used by one thread at a time, so each has connections of its own.
        self.sessions = self.service("session/SessionService")
        self.calls = self.service("cc/StandardCCService")
        self.http = self.connections()
        self.over = threading.Event()
        self.keeper = threading.Thread(target=self.keep, daemon=True)

    def connections(self):
        connections = requests.Session()
        connections.verify = self.ca or True
        return connections

    def service(self, path):
        """A service as its WSDL describes it, at the address that stands there."""
        transport = Transport(session=self.connections(), timeout=PATIENCE_S, operation_timeout=LONGEST_S)
        return Client(f"{self.url}/mitel/oig/{path}?wsdl", transport=transport).service

    def __enter__(self):
        self.id = accepted(self.sessions.loginEx(req=self.credentials)).sessionId
        # The same session by REST. Whoever knows the number has the session: it goes into a header, never into a URL.
        self.http.headers["Authorization"] = f"Bearer {self.id}"
        self.keeper.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.keeper.join()
        self.sessions.logout(sessionId=self.id)

    def keep(self):
        """A thread of its own: polls wait for longer than a session lives."""
        while not self.over.wait(RESET_S):
            try:
                accepted(self.sessions.resetSessionTimer(sessionId=self.id))
            except Exception as trouble:  # also of the network: without its timer the session is gone
                say(f"the session cannot be kept: {trouble}")
                self.over.set()

    def rest(self, method, path, **given):
        """A resource's answer as JSON."""
        reply = self.http.request(method, f"{self.url}{REST}{path}", timeout=LONGEST_S, **given)
        told = reply.json()
        if reply.status_code != 200:
            raise Refused(told["errorDescription"])
        return told


def accepted(reply):
    """A reply of SOAP, which says itself whether it did what was asked."""
    if not reply.result:
        # Session services say errorDesc, all others errorDescription.
        raise Refused(getattr(reply, "errorDesc", None) or reply.errorDescription)
    return reply


def say(line):
    """Several threads speak, each in whole lines."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Telephone:
    """The phone with this number at a node."""

    def __init__(self, session, node, number):
        self.session, self.node, self.number = session, node, number
        # Of everything that the session's triggers are for.
        self.heard_up_to = 0

    def monitor(self):
        """From now on the session hears of its calls."""
        ask = {"sessionId": self.session.id}
        icp = accepted(self.session.calls.getIcpId(request={**ask, "icpIpAddress": self.node}))
        request = {**ask, "icpId": icp.icpId, "primeDn": self.number}
        self.object_id = accepted(self.session.calls.getPhoneNumberId(request=request)).objectId
        accepted(self.session.calls.monitorObject(sessionId=self.session.id, objectId=self.object_id))

    def watch_row(self):
        """From now on the session hears of changes of its row."""
        wanted = {"database": self.node, "view": "phones", "where": self.condition()}
        self.session.rest("POST", "/databases/views/triggers", json=wanted)

    def row(self):
        """What is configured of it, by the names of the columns; a session of Standard service may read this view."""
        query = {"database": self.node, "view": "phones", "where": self.condition()}
        found = self.session.rest("GET", "/databases/views/rows", params=query)
        if not found["rows"]:
            raise Refused(f"{self.node} has no phone {self.number}")
        return dict(zip(found["columns"], found["rows"][0]))

    def condition(self):
        # A text in SQL: an apostrophe in it would be doubled, but a number has digits alone.
        return f"number = '{self.number}'"

    def changes(self):
        """What became of the row since the last time; waits for it. We say what we have read, so that an answer that
        was lost on its way is given again."""
        query = {"timeout": POLL_MS, "after": self.heard_up_to}
        told = self.session.rest("GET", "/databases/views/events", params=query)
        if up_to := told.get("discardedUpTo"):
            # We were away for longer than changes are kept: what we know is to be read anew.
            self.heard_up_to = up_to
            say(f"row: changes were missed; it is {self.row()}")
        if told["events"]:
            self.heard_up_to = told["events"][-1]["number"]
        return told["events"]

    def tell_calls(self):
        """A thread of its own: tells each event of its calls until the session ends."""
        while not self.session.over.is_set():
            reply = self.session.calls.getEvent(sessionId=self.session.id, timeout=POLL_MS)
            if reply.result and reply.callEvent:
                say(f"call: {described(reply.callEvent)}")
            elif not reply.result and reply.errorDescription != NOTHING:
                return  # the session has ended, or we are leaving


def described(event):
    """An event of a call, with who takes part in it."""
    devices = []
    for device in event.device:
        values = {one.attributeName: one.attributeValue for one in device.deviceAttribute}
        devices.append(f"{device.deviceName} {values.get('NUMBER') or 'unknown'}")
    return ", ".join([f"{event.type} {event.callState}", *devices])


def difference(change):
    """What a change of a row has changed."""
    before, after = change.get("before"), change.get("after")
    if before is None:
        return "added"
    if after is None:
        return "removed"
    changed = [f"{name} {before[name]!r} -> {after[name]!r}" for name in after if after[name] != before[name]]
    return ", ".join(changed)


def follow(session, given):
    phone = Telephone(session, given.node, given.number)
    # First the trigger, then the row: a change in between is in the row, or told, or both.
    phone.watch_row()
    row = phone.row()
    say(f"phone: {row['number']} is {row['name'] or 'nobody'}, {row['device_type']}, class of service {row['cos']}")
    phone.monitor()
    threading.Thread(target=phone.tell_calls, daemon=True).start()
    say("following it; Ctrl-C ends this")
    changes = 0
    while not session.over.is_set() and (given.changes is None or changes < given.changes):
        for change in phone.changes():
            say(f"row: {difference(change)}")
            changes += 1


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway")
    words.add_argument("--ca", metavar="FILE", help="who issued its certificate, where that is nobody known (PEM)")
    words.add_argument("--node", default="127.0.0.11", help="address of the phone's node")
    words.add_argument("--number", default="1000", help="the phone's number")
    words.add_argument("--changes", type=int, metavar="N", help="end after so many changes of its row")
    words.add_argument("--company", default="Example Co")
    words.add_argument("--application", default="Screen Pop")
    given = words.parse_args()
    if not given.number.isascii() or not given.number.isdigit():
        words.error("a number has digits alone")
    # Whatever stops it, a person or what runs services: the session is not left behind.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        with Session(given) as session:
            follow(session, given)
    except KeyboardInterrupt:
        pass  # left by then, and logged out
    except (Refused, SoapError, requests.RequestException) as trouble:
        sys.exit(f"data_access: {trouble}")
    say("logged out")


if __name__ == "__main__":
    main()
