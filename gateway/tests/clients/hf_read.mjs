#!/usr/bin/env node
// The real @huggingface/hub reads from a gateway that serves the fixtures of hf_read.py.
//
//     node hf_read.mjs BASE_URL      in a folder that has @huggingface/hub installed

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [hubUrl] = process.argv.slice(2);
assert(hubUrl, "give the gateway's URL");
const installed = createRequire(`${process.cwd()}/`).resolve("@huggingface/hub");
const hub = await import(pathToFileURL(installed));
const of = (name, type = "model") => ({ hubUrl, repo: { type, name } });

async function collect(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

const tests = {
  async "lists are searched and paged"() {
    const models = await collect(hub.listModels({ hubUrl, search: { owner: "acme" } }));
    const names = models.map((model) => model.name).sort();
    assert.deepEqual(names, ["acme/big", "acme/distilled-quartz", "acme/locked", "acme/tiny"]);
    const tagged = await collect(hub.listModels({ hubUrl, search: { tags: ["license:mit", "en"] } }));
    assert.deepEqual(tagged.map((model) => model.name), ["acme/tiny"]);
    assert.deepEqual((await collect(hub.listDatasets({ hubUrl }))).map((found) => found.name), ["acme/words"]);
  },

  async "info asks for HEAD and gets main"() {
    const info = await hub.modelInfo({ hubUrl, name: "acme/tiny", additionalFields: ["sha", "tags", "cardData"] });
    assert.match(info.sha, /^[0-9a-f]{40}$/);
    assert.equal(info.task, "fill-mask");
    assert.equal(info.cardData.license, "mit");
    assert.equal((await hub.datasetInfo({ hubUrl, name: "acme/words" })).name, "acme/words");
  },

  async "files are listed over all pages"() {
    const files = await collect(hub.listFiles({ ...of("acme/tiny"), recursive: true }));
    const paths = files.filter((file) => file.type === "file").map((file) => file.path).sort();
    assert.deepEqual(paths, ["README.md", "config.json", "empty", "sub/a b+c%20d/\u00e9.txt", "sub/model.safetensors"]);
    const large = files.find((file) => file.path === "sub/model.safetensors");
    assert.equal(large.lfs.size, 3_000_017);
    const infos = await hub.pathsInfo({ ...of("acme/tiny"), paths: ["config.json", "none"] });
    assert.deepEqual(infos.map((info) => info.path), ["config.json"]);
  },

  async "files are downloaded, whole and in parts"() {
    const before = (await hub.modelInfo({ hubUrl, name: "acme/tiny" })).downloads;
    const about = await hub.fileDownloadInfo({ ...of("acme/tiny"), path: "sub/model.safetensors" });
    assert.equal(about.size, 3_000_017);
    assert.equal((await hub.modelInfo({ hubUrl, name: "acme/tiny" })).downloads, before, "a probe is no download");
    const file = await hub.downloadFile({ ...of("acme/tiny"), path: "sub/model.safetensors" });
    const whole = Buffer.from(await file.arrayBuffer());
    assert.equal(whole.length, 3_000_017);
    const again = await hub.downloadFile({ ...of("acme/tiny"), path: "sub/model.safetensors" });
    const part = Buffer.from(await again.slice(1_048_570, 1_048_590).arrayBuffer());
    assert.deepEqual(part, whole.subarray(1_048_570, 1_048_590));
    const text = await hub.downloadFile({ ...of("acme/words", "dataset"), path: "train/part-3.txt" });
    assert.equal(await text.text(), "3\n");
    const old = await hub.downloadFile({ ...of("acme/tiny"), path: "old.txt", revision: "v0" });
    assert.equal(await old.text(), "old");
    assert.equal(await hub.downloadFile({ ...of("acme/tiny"), path: "none" }), null);
  },

  async "tokens open what is gated, and only good ones"() {
    const secret = { ...of("acme/locked"), path: "secret.txt" };
    await assert.rejects(hub.downloadFile(secret), { statusCode: 401 });
    await assert.rejects(hub.downloadFile({ ...secret, accessToken: "hf_forged" }), { statusCode: 401 });
    const file = await hub.downloadFile({ ...secret, accessToken: process.env.HUB_READER });
    assert.equal(await file.text(), "gated");
    assert.equal((await hub.whoAmI({ hubUrl, accessToken: process.env.HUB_READER })).name, "acme");
    assert.equal(await hub.checkRepoAccess(of("acme/tiny")), undefined);
    await assert.rejects(hub.checkRepoAccess(of("acme/hidden")), { statusCode: 404 });
    await assert.rejects(hub.modelInfo({ hubUrl, name: "acme/none" }), { statusCode: 404 });
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
console.log(`@huggingface/hub: ${Object.keys(tests).length - failed} of ${Object.keys(tests).length} passed`);
process.exitCode = failed ? 1 : 0;
