// SPDX-License-Identifier: Apache-2.0
// fhir-kit-client against the data store at argv[2]: every interaction that it has.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2] });
const family = `Kit${Date.now()}`;
const patient = (n) => ({ resourceType: "Patient", name: [{ family, given: [`n${n}`] }], active: true });

// The status with which a call is refused.
const refused = async (call) => {
  try {
    await call;
  } catch (error) {
    return error.response?.status;
  }
  return "not refused";
};

const capabilities = await client.capabilityStatement();
assert.equal(capabilities.fhirVersion, "4.0.1");

const made = await client.create({ resourceType: "Patient", body: patient(0) });
const id = made.id;
assert.equal(made.meta.versionId, "1");
assert.deepEqual(await client.read({ resourceType: "Patient", id }), made);
const updated = await client.update({ resourceType: "Patient", id, body: { ...made, active: false } });
assert.equal(updated.meta.versionId, "2");
assert.equal((await client.vread({ resourceType: "Patient", id, version: "1" })).active, true);
const patched = await client.patch({ resourceType: "Patient", id, jsonPatch: [{ op: "replace", path: "/active", value: true }] });
assert.equal(patched.active, true);
assert.equal((await client.history({ resourceType: "Patient", id })).total, 3);
assert.ok((await client.systemHistory()).entry.length > 0);

const entry = [...Array(25).keys()].slice(1).map((n) => ({
  fullUrl: `urn:uuid:00000000-0000-4000-8000-0000000000${String(n).padStart(2, "0")}`,
  resource: patient(n),
  request: { method: "POST", url: "Patient" },
}));
entry.push({
  resource: { resourceType: "Basic", code: { text: family }, subject: { reference: entry[0].fullUrl } },
  request: { method: "POST", url: "Basic" },
});
const answer = await client.transaction({ body: { resourceType: "Bundle", type: "transaction", entry } });
assert.equal(answer.entry.length, 25);
assert.ok(answer.entry.every((e) => e.response.status.startsWith("201")));
const [type, target] = answer.entry[0].response.location.split("/");
const basic = answer.entry[24].response.location.split("/")[1];
assert.equal((await client.read({ resourceType: "Basic", id: basic })).subject.reference, `${type}/${target}`);

const seen = new Set();
let page = await client.search({ resourceType: "Patient", searchParams: { family, _count: 10, _sort: "given" } });
let pages = 0;
for (; page; page = await client.nextPage({ bundle: page })) {
  pages++;
  for (const e of page.entry) seen.add(e.resource.id);
  if (!page.link.some((l) => l.relation === "next")) break;
}
assert.equal(seen.size, 25);
assert.equal(pages, 3);
const posted = await client.resourceSearch({ resourceType: "Patient", searchParams: { family, _summary: "count" }, options: { postSearch: true } });
assert.equal(posted.total, 25);

const batch = await client.batch({ body: { resourceType: "Bundle", type: "batch", entry: [
  { request: { method: "GET", url: `Patient/${id}` } }, { request: { method: "GET", url: "Patient/never" } },
] } });
assert.deepEqual(batch.entry.map((e) => e.response.status.slice(0, 3)), ["200", "404"]);

// The export of what is about the patients of this run, as bulk data has it: begun, asked after, downloaded, deleted.
const started = await client.request(`Patient/$export?_type=Patient&_typeFilter=${encodeURIComponent(`Patient?family=${family}`)}`, { options: { headers: { Prefer: "respond-async" } } });
const { response: kickoff } = Client.httpFor(started);
assert.equal(kickoff.status, 202);
const status = kickoff.headers.get("content-location").replace(/^.*\/r4\//, "");
let manifest = await client.request(status);
for (; Client.httpFor(manifest).response.status === 202; manifest = await client.request(status)) await new Promise((done) => setTimeout(done, 50));
assert.deepEqual(manifest.output.map((o) => [o.type, o.count]), [["Patient", 25]]);
const file = await fetch(`${process.argv[2]}/${manifest.output[0].url.replace(/^.*\/r4\//, "")}`);
const exported = (await file.text()).trim().split("\n").map((line) => JSON.parse(line).id);
assert.deepEqual(new Set(exported), seen);
await client.request(status, { method: "DELETE" });
assert.equal(await refused(client.request(status)), 404);

await client.delete({ resourceType: "Patient", id });
assert.equal(await refused(client.read({ resourceType: "Patient", id })), 410);
assert.equal(await refused(client.read({ resourceType: "Patient", id: "never" })), 404);
assert.equal(await refused(client.create({ resourceType: "Patient", body: { resourceType: "Patient", gender: "x" } })), 400);
console.log("fhir-kit-client: done");
