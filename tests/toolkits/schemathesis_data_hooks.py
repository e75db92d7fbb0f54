"""What schemathesis cannot make up, and what it must not: every other request that is right by the schema is about the node
that is there, with SQL that means something, so that not all of them end at the first look; polls wait for moments alone; and
each request comes from an address of its own, as a trusted proxy would say, since it sends many wrong sessions, and whoever
does that from one address is slowed."""

import itertools
import os

import schemathesis

NODE = "127.0.0.11"
SELECTS = [
    "SELECT number, name FROM phones WHERE name LIKE 'A%' ORDER BY name DESC",
    "SELECT cos, COUNT(*) AS phones, MAX(number) AS last FROM phones GROUP BY cos",
    "SELECT p.name, l.button FROM phones p JOIN line_appearances l ON l.phone = p.number WHERE l.button > 1",
    "SELECT 1 AS one FROM trunks",
]
CHANGES = {
    "POST": "INSERT INTO telephone_directory (name, number, privacy) VALUES ('Archer, Maya', '17{}', FALSE)",
    "PUT": "UPDATE telephone_directory SET department = 'Sales {}' WHERE number LIKE '17%'",
    "DELETE": "DELETE FROM telephone_directory WHERE number = '17{}'",
}
# What means something together, of what a request may have.
MEANT = {
    "database": NODE,
    "view": "phones",
    "columns": "number,name",
    "where": "number LIKE '10%' AND name IS NOT NULL",
    "sort": "-name,number",
    "triggerId": os.environ.get("OIG_TRIGGER"),
}

_requests = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(_requests)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    case.headers["X-Forwarded-Proto"] = "https"
    if case.query and str(case.query.get("timeout")).isdigit() and int(case.query["timeout"]) < 2**53:
        case.query["timeout"] = min(int(case.query["timeout"]), 20)
    if number % 2 and case.meta is not None and case.meta.generation.mode.is_positive:
        mean(case, number)


def mean(case, number):
    given = case.body if isinstance(case.body, dict) else case.query
    for name in MEANT.keys() & given.keys():
        # In a body the columns are a list.
        given[name] = MEANT[name].split(",") if isinstance(given[name], list) else MEANT[name]
    if "sql" in given:
        change = CHANGES.get(case.method.upper())
        given["sql"] = change.format(number % 7) if change else SELECTS[number // 2 % len(SELECTS)]
