"""What schemathesis has to leave alone, and from where it comes: each request is from an address of its own, as a trusted
proxy would say, since it sends many wrong tokens, and whoever does that from one address is slowed. Its own account and token
(OIG_OWN, ids with commas between) it does not change or remove: it would be nobody then. Nodes are looked for at this
machine alone, whatever address was made up."""

import itertools
import os

import schemathesis

# A file of users is sent as it was made up.
schemathesis.serializer.alias("text/csv", "text/plain")

_addresses = itertools.count(1)
_own = os.environ.get("OIG_OWN", "").split(",")


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(_addresses)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    case.headers["X-Forwarded-Proto"] = "https"
    if case.method.upper() != "GET" and case.path_parameters and case.path_parameters.get("id") in _own:
        case.path_parameters["id"] = "0" * 29
    _at_home(case.body)


def _at_home(body):
    """The address of a node that is added or tried, where there is one."""
    settings = body.get("settings") if isinstance(body, dict) else None
    address = settings.get("address") if isinstance(settings, dict) else None
    if isinstance(address, str) and 2 <= len(address) <= 45:
        settings["address"] = f"127.0.0.{2 + len(address)}"
