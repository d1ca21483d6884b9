"""Drives a running gateway as a stranger would: Python's standard library and what the README says.

Takes KUBENTLY_URL, KUBENTLY_API_KEY and KUBENTLY_CLUSTER from the environment. The last line is
"N checks passed"; the first check that fails ends the run with exit code 1 and says what came instead.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ["KUBENTLY_URL"].rstrip("/")
KEY = os.environ["KUBENTLY_API_KEY"]
CLUSTER = os.environ["KUBENTLY_CLUSTER"]
DEADLINE_SECONDS = 60
FINISHED = ("completed", "failed", "cancelled")

passed = 0


class Answer:
    """A status, headers whose names have no case, and bytes."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.body[:500]!r}"


def call(method, path, body=None, key=KEY, **headers):
    """Sends one request; an error status is an answer like any other."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("Authorization", f"Bearer {key}")
    for name, value in headers.items():
        request.add_header(name, value)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=45) as response:
            return Answer(response)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error)


def check(fact, holds, seen):
    global passed
    if not holds:
        sys.exit(f"does not hold: {fact}; seen: {seen}")
    passed += 1
    print(f"  {fact}")


def command(args, **more):
    return {"cluster_id": CLUSTER, "command_type": "get", "args": args, **more}


def wait_for_the_worker():
    """A command for a cluster whose worker has just started may wait; its liveness shows a little later."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        answer = call("GET", "/v1/clusters")
        ours = [c for c in answer.json().get("items", []) if c["cluster_id"] == CLUSTER]
        if (ours and ours[0]["is_active"]) or time.monotonic() > deadline:
            return answer, ours
        time.sleep(0.1)


def listing_clusters():
    answer, ours = wait_for_the_worker()
    check("the list of clusters is answered 200", answer.status == 200, answer)
    check("it holds our cluster, once", len(ours) == 1, answer)
    check("our cluster has a live worker", ours[0]["is_active"] is True, answer)


def waiting():
    answer = call("POST", "/v1/commands", command(["pods", "-A"]), Prefer="wait=10")
    check("a command that is waited for is answered 200", answer.status == 200, answer)
    job = answer.json()
    check("its job is completed", job["status"] == "completed", job)
    check("it succeeded", job["success"] is True and job["exit_code"] == 0, job)
    check("its execution status is success", job["execution_status"] == "success", job)
    check("its output is kubectl's table", job["output"].startswith("NAMESPACE "), job)
    output = call("GET", f"/v1/jobs/{job['id']}/output")
    check("the output is there by itself", output.status == 200, output)
    code = output.headers.get("Kubently-Exit-Code")
    check("its header has kubectl's exit code", code == "0", output.headers)
    both = job["output"] + job["error"]
    check("it is the job's output, byte for byte", output.body == both.encode(), output)


def polling():
    answer = call("POST", "/v1/commands", command(["namespaces"]), Prefer="respond-async")
    check("a command that is not waited for is answered 202", answer.status == 202, answer)
    location = answer.headers.get("Location", "")
    check("Location names the job", location.startswith("/v1/jobs/"), answer.headers)
    deadline = time.monotonic() + DEADLINE_SECONDS
    job = call("GET", location).json()
    while job["status"] not in FINISHED and time.monotonic() < deadline:
        time.sleep(0.05)
        job = call("GET", location).json()
    check("polling ends with a completed job", job["status"] == "completed", job)
    check("its output names a namespace", "kube-system" in job["output"], job)


def refusals():
    refused = call("POST", "/v1/commands", command(["secrets"]))
    kind = refused.headers.get("Content-Type", "")
    check("secrets are refused with 422", refused.status == 422, refused)
    check("the refusal is a problem document", kind == "application/problem+json", kind)
    check("its code is resource_denied", refused.json()["code"] == "resource_denied", refused)
    stranger = call("GET", "/v1/clusters", key="ci_" + "A" * 40)
    check("a wrong key is answered 401", stranger.status == 401, stranger)
    nowhere = {**command(["pods"]), "cluster_id": "no-such-cluster"}
    unknown = call("POST", "/v1/commands", nowhere)
    check("an unknown cluster is answered 404", unknown.status == 404, unknown)


for part in (listing_clusters, waiting, polling, refusals):
    part()
print(f"{passed} checks passed")
