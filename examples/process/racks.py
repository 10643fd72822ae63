#!/usr/bin/env python3
"""A rule module as a program: names by rack, from a table that expressions could not look into."""
import json
import sys

RACKS = {"a1": "ams1", "a2": "ams1", "n7": "nyc1"}

# The version changes whenever the same entity gives other records: with the table, for example.
print(json.dumps({"zonecast": 1, "version": "2026-11-20"}), flush=True)

for line in sys.stdin:
    request = json.loads(line)
    attrs = request["entity"]["attrs"]
    site = RACKS.get(attrs["rack"])
    if site is None:
        answer = {"error": "no such rack: " + attrs["rack"]}
    else:
        name = f"{attrs['hostname']}.rack-{attrs['rack']}.{site}.{request['vars']['suffix']}"
        answer = {"records": [{"name": name, "type": "A", "value": attrs["ipv4"]}]}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
