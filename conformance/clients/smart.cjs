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

  await client.delete(`Patient/${ids[1]}`);
  await assert.rejects(client.request(`Patient/${ids[1]}`), (error) => error.status === 410 || error.statusCode === 410);
  console.log("fhirclient: done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
