// Drives a running gateway as a stranger would: Node's own fetch and what the README says.
//
// Takes KUBENTLY_URL, KUBENTLY_API_KEY and KUBENTLY_CLUSTER from the environment. The last line is
// "N checks passed"; the first check that fails ends the run with exit code 1 and says what came instead.

import { setTimeout as pause } from "node:timers/promises";

const { KUBENTLY_URL, KUBENTLY_API_KEY, KUBENTLY_CLUSTER } = process.env;
const DEADLINE_MS = 60_000;
const FINISHED = ["completed", "failed", "cancelled"];

let passed = 0;

function check(fact, holds, seen) {
  if (!holds) {
    console.error(`does not hold: ${fact}; seen: ${JSON.stringify(seen)?.slice(0, 1000)}`);
    process.exit(1);
  }
  passed += 1;
  console.log(`  ${fact}`);
}

/** Sends one request; an error status is an answer like any other. */
async function call(method, path, { body, key = KUBENTLY_API_KEY, headers = {} } = {}) {
  const response = await fetch(new URL(path, KUBENTLY_URL), {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body && { "content-type": "application/json" }),
      ...headers,
    },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(45_000),
  });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return {
    status: response.status,
    type,
    location: response.headers.get("location"),
    text,
    json: /[/+]json\b/.test(type) ? JSON.parse(text) : undefined,
  };
}

/** Looks until `done` holds or the deadline has passed, and gives back the last answer. */
async function until(look, done) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const seen = await look();
    if (done(seen) || Date.now() > deadline) return seen;
    await pause(50);
  }
}

const command = (...args) => ({ cluster_id: KUBENTLY_CLUSTER, command_type: "get", args });
const submit = (body, headers) => call("POST", "/v1/commands", { body, headers });

async function listingClusters() {
  const ours = (answer) => answer.json?.items?.find((c) => c.cluster_id === KUBENTLY_CLUSTER);
  // A worker that has just started shows a little later.
  const answer = await until(() => call("GET", "/v1/clusters"), (seen) => ours(seen)?.is_active);
  check("the list of clusters is answered 200", answer.status === 200, answer);
  check("it holds our cluster", ours(answer) !== undefined, answer);
  check("our cluster has a live worker", ours(answer).is_active === true, answer);
}

async function waiting() {
  const answer = await submit(command("pods", "-A"), { prefer: "wait=10" });
  check("a command that is waited for is answered 200", answer.status === 200, answer);
  const job = answer.json;
  check("its job is completed", job.status === "completed", job);
  check("it succeeded", job.success === true && job.exit_code === 0, job);
  check("its output is kubectl's table", job.output.startsWith("NAMESPACE "), job);
  const output = await call("GET", `/v1/jobs/${job.id}/output`);
  check("the output is there by itself", output.status === 200, output);
  check("it is the job's output", output.text === job.output + job.error, output);
}

async function polling() {
  const answer = await submit(command("namespaces"), { prefer: "respond-async" });
  check("a command that is not waited for is answered 202", answer.status === 202, answer);
  check("Location names the job", answer.location?.startsWith("/v1/jobs/"), answer);
  const look = () => call("GET", answer.location);
  const { json: job } = await until(look, (seen) => FINISHED.includes(seen.json?.status));
  check("polling ends with a completed job", job?.status === "completed", job);
  check("its output names a namespace", job.output.includes("kube-system"), job);
}

async function atOnce() {
  const bodies = Array.from({ length: 8 }, () => command("namespaces", "-o", "name"));
  const answers = await Promise.all(bodies.map((body) => submit(body, { prefer: "wait=10" })));
  const outputs = new Set(answers.map((answer) => answer.json?.output));
  check("eight commands at once all succeed", answers.every((a) => a.json?.success === true), answers);
  check("they read the same", outputs.size === 1, [...outputs]);
}

async function refusals() {
  const refused = await submit(command("secrets"));
  check("secrets are refused with 422", refused.status === 422, refused);
  check("the refusal is a problem document", refused.type === "application/problem+json", refused);
  check("its code is resource_denied", refused.json.code === "resource_denied", refused);
  const stranger = await call("GET", "/v1/clusters", { key: `ci_${"A".repeat(40)}` });
  check("a wrong key is answered 401", stranger.status === 401, stranger);
  const unknown = await submit({ ...command("pods"), cluster_id: "no-such-cluster" });
  check("an unknown cluster is answered 404", unknown.status === 404, unknown);
}

for (const part of [listingClusters, waiting, polling, atOnce, refusals]) await part();
console.log(`${passed} checks passed`);
