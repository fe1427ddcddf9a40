// SPDX-License-Identifier: Apache-2.0
// fhirclient, the SMART JavaScript library, against the data store at argv[2].
const assert = require("node:assert/strict");
const smart = require("fhirclient");

// What the library wants of a web server; nobody signs in here.
const storage = { get: async () => undefined, set: async (_, value) => value, unset: async () => true };

async function main() {
  const client = smart({ headers: {}, url: "/" }, {}, storage).client(process.argv[2]);
  const family = `Smart${Date.now()}`;
  const ids = [];
  for (let n = 0; n < 12; n++) {
    const made = await client.create({ resourceType: "Patient", name: [{ family, given: [`n${n}`] }] });
    ids.push(made.id);
  }
  const one = await client.request(`Patient/${ids[0]}`);
  assert.equal(one.name[0].family, family);
  const updated = await client.update({ ...one, active: true });
  assert.equal(updated.meta.versionId, "2");
  const patched = await client.patch(`Patient/${ids[0]}`, [{ op: "replace", path: "/active", value: false }]);
  assert.equal(patched.active, false);
  await client.create({ resourceType: "Basic", code: { text: family }, subject: { reference: `Patient/${ids[0]}` } });

  const all = await client.request(`Patient?family=${family}&_count=5`, { pageLimit: 0, flat: true });
  assert.deepEqual(all.map((p) => p.id).sort(), ids.toSorted ? ids.toSorted() : [...ids].sort());
  const resolved = await client.request(`Basic?subject=Patient/${ids[0]}`, { resolveReferences: "subject", flat: true });
  assert.equal(resolved[0].subject.id, ids[0]);

  const transaction = { resourceType: "Bundle", type: "transaction", entry: [
    { fullUrl: "urn:uuid:00000000-0000-4000-8000-000000000001", resource: { resourceType: "Patient", name: [{ family: `${family}T` }] }, request: { method: "POST", url: "Patient" } },
    { resource: { resourceType: "Basic", code: { text: family }, subject: { reference: "urn:uuid:00000000-0000-4000-8000-000000000001" } }, request: { method: "POST", url: "Basic" } },
  ] };
  const stored = await client.request({ url: "", method: "POST", body: JSON.stringify(transaction), headers: { "Content-Type": "application/fhir+json" } });
  assert.deepEqual(stored.entry.map((e) => e.response.status), ["201", "201"]);
  const linked = await client.request(stored.entry[1].response.location.split("/_history")[0]);
  assert.ok(stored.entry[0].response.location.startsWith(`${linked.subject.reference}/`));

  const filter = encodeURIComponent(`Patient?family:exact=${family}`);
  const kickoff = await client.request({ url: `Patient/$export?_type=Patient&_typeFilter=${filter}`, headers: { Prefer: "respond-async" }, includeResponse: true });
  assert.equal(kickoff.response.status, 202);
  const status = kickoff.response.headers.get("content-location").replace(/^.*\/r4\//, "");
  let answer = await client.request({ url: status, includeResponse: true });
  for (; answer.response.status === 202; answer = await client.request({ url: status, includeResponse: true })) await new Promise((done) => setTimeout(done, 50));
  assert.deepEqual(answer.body.output.map((o) => [o.type, o.count]), [["Patient", 12]]);
  await client.request({ url: status, method: "DELETE" });

  await client.delete(`Patient/${ids[1]}`);
  await assert.rejects(client.request(`Patient/${ids[1]}`), (error) => error.status === 410 || error.statusCode === 410);
  console.log("fhirclient: done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
