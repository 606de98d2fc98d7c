"""A bank of its own, for one test: bank.py CLOCK takes a JSON object a line from its standard input and answers with one.

{"accounts": {NAME: CHANGE}} changes accounts, {"pay": FILE} brings a file to the bank, {"credit": CREDIT} lets money come in, {"get": PATH} asks for
something, and {"days": N} lets days pass. Each answer is {"said": [TEXT...], "messages": [{"type", "body"}...]}, with all messages that were not fetched before. It ends with its
standard input, which the kernel closes when whoever started it has ended.
"""
import json
import sys
import threading
import urllib.error
import urllib.request

from mockbank.server import Config, make_server

server = make_server(Config(port=0, quiet=True, clock=sys.argv[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
fetched = set()


def ask(method, path, body=None):
    request = urllib.request.Request(base + path, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def messages():
    found = []
    for message in json.loads(ask("GET", "/_mock/mailbox?leave")):
        if message["id"] not in fetched:
            fetched.add(message["id"])
            found.append({"type": message["type"], "body": ask("GET", f"/_mock/mailbox/{message['id']}")})
    return found


for line in sys.stdin:
    job, said = json.loads(line), []
    for name, change in job.get("accounts", {}).items():
        said.append(ask("PATCH", f"/_mock/accounts/{name}", json.dumps(change).encode()))
    if "pay" in job:
        with open(job["pay"], "rb") as file:
            said.append(ask("POST", "/payments", file.read()))
    if "credit" in job:
        said.append(ask("POST", "/_mock/credits", json.dumps(job["credit"]).encode()))
    if "get" in job:
        said.append(ask("GET", job["get"]))
    if "days" in job:
        said.append(ask("POST", f"/_mock/advance?days={job['days']}"))
    print(json.dumps({"said": said, "messages": messages()}), flush=True)
