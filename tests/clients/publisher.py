"""A direct publisher: commands over NATS alone, with nats-py, without a gateway between.

Takes NATS_URL and KUBENTLY_CLUSTER from the environment, and NATS_CREDS where the hub asks for
credentials. The operator has enrolled it (`kubently-gateway publisher add example`). The last line is
"N checks passed"; the first check that fails ends the run with exit code 1 and says what came instead.
"""

import asyncio
import base64
import datetime
import hashlib
import json
import os
import secrets
import sys
import time
import uuid

import nats

CLUSTER = os.environ["KUBENTLY_CLUSTER"]
PUBLISHER = "example"
PATIENCE_SECONDS = 90
passed = 0


def check(fact, holds, seen):
    global passed
    if not holds:
        sys.exit(f"does not hold: {fact}; seen: {str(seen)[:1000]}")
    passed += 1
    print(f"  {fact}")


def new_id():
    """A UUIDv7 (RFC 9562): the time, and 74 bits that nobody can guess."""
    value = int(time.time() * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


class Publisher:
    """Publishes commands and hears what becomes of them."""

    async def connect(self):
        self.nc = await nats.connect(
            os.environ["NATS_URL"], user_credentials=os.environ.get("NATS_CREDS")
        )
        self.js = self.nc.jetstream()
        # Who listens first misses nothing: the feed is not stored.
        self.live = await self.nc.subscribe(f"kubently.v1.live.*.pub-{PUBLISHER}.>")
        await self.nc.flush()
        return self

    async def submit(self, verb, args, **more):
        """Puts a command into its cluster's queue, also while that is offline, and answers its id."""
        job, priority = new_id(), more.get("priority", 1)
        lane = "low" if priority == 0 else "normal" if priority < 50 else "high"
        command = {
            "v": 1,
            "id": job,
            "cluster_id": CLUSTER,
            "origin": f"pub-{PUBLISHER}",
            "owner": None,
            "command_type": verb,
            "args": args,
            "priority": priority,
            "queued_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            **more,
        }
        subject = f"kubently.v1.cmd.{CLUSTER}.{lane}.pub-{PUBLISHER}.{job}"
        # With the id as message id, a publish that was not answered can be sent again.
        await self.js.publish(subject, json.dumps(command).encode(), headers={"Nats-Msg-Id": job})
        return job

    async def result(self, job):
        """The events and the one result of a job."""
        events = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            message = await self.live.next_msg(timeout=deadline - time.monotonic())
            if message.subject.endswith(f".{job}.event"):
                events.append(json.loads(message.data))
            elif message.subject.endswith(f".{job}.result"):
                return events, json.loads(message.data)


def output(events, result):
    """The bytes of stdout and stderr: in the result, or in the events of its run in the order of n."""
    if result["events"] == 0:
        return part(result, "output"), part(result, "error")
    streams = {"stdout": b"", "stderr": b""}
    own = [event for event in events if event["run"] == result["run"] and event["n"] > 0]
    for event in sorted(own, key=lambda event: event["n"]):
        streams[event["stream"]] += part(event, "data")
    return streams["stdout"], streams["stderr"]


def part(fields, name):
    if fields.get(f"{name}_b64") is not None:
        return base64.b64decode(fields[f"{name}_b64"])
    return (fields.get(name) or "").encode()


async def main():
    publisher = await Publisher().connect()
    job = await publisher.submit("get", ["namespaces", "-o", "name"])
    events, result = await publisher.result(job)
    check("a published command is completed", result["status"] == "completed", result)
    check("its result names the job", result["id"] == job, result)
    stdout, stderr = output(events, result)
    check("its output is kubectl's", b"namespace/default\n" in stdout, stdout)
    whole = hashlib.sha256(stdout + stderr).hexdigest() == result["sha256"]
    check("its checksum is the output's", whole, result)

    refused = await publisher.submit("get", ["secrets"])
    _, result = await publisher.result(refused)
    check("secrets are refused by the cluster itself", result["reason"] == "policy_denied", result)
    check("the refusal has a code", result["error"].startswith("resource_denied"), result)

    forged = await publisher.submit("get", ["pods"], owner=new_id())
    _, result = await publisher.result(forged)
    check("a publisher names no owner", result["reason"] == "policy_denied", result)
    forged = await publisher.submit("get", ["pods"], session_id=new_id())
    _, result = await publisher.result(forged)
    check("a publisher names no session", result["reason"] == "policy_denied", result)

    urgent = await publisher.submit("version", ["--client"], priority=80)
    _, result = await publisher.result(urgent)
    check("an urgent command has a lane of its own", result["success"] is True, result)
    await publisher.nc.drain()
    print(f"{passed} checks passed")


asyncio.run(main())
