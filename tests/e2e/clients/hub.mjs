// Lists, downloads and uploads with @huggingface/hub: `hub.mjs URL OWNER/NAME FILE`, with HF_TOKEN.
import * as hub from "@huggingface/hub";
import { finish } from "./report.mjs";

const [hubUrl, name, file] = process.argv.slice(2);
const accessToken = process.env.HF_TOKEN;
const repo = { type: "model", name };
const collect = async (items) => {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
};
const text = async (path) => (await hub.downloadFile({ hubUrl, repo, path, accessToken })).text();

finish(async () => {
  const info = await hub.modelInfo({ hubUrl, name, accessToken });
  const before = await collect(hub.listFiles({ hubUrl, repo, recursive: true, accessToken }));
  const whole = await hub.downloadFile({ hubUrl, repo, path: file, accessToken });
  const bytes = new Uint8Array(await whole.arrayBuffer());
  const part = new Uint8Array(await whole.slice(1000, 2000).arrayBuffer());
  const own = { type: "model", name: `${name}-js` };
  await hub.createRepo({ hubUrl, repo: own, accessToken });
  // Longer than what is sent inside a commit.
  const weights = new Uint8Array(12 << 20).fill(7);
  const done = await hub.commit({
    hubUrl,
    repo: own,
    accessToken,
    title: "From JavaScript",
    operations: [
      { operation: "addOrUpdate", path: "README.md", content: new Blob(["# From JavaScript\n"]) },
      { operation: "addOrUpdate", path: "data/weights.bin", content: new Blob([weights]) },
    ],
  });
  await hub.deleteFile({ hubUrl, repo: own, accessToken, path: "README.md" });
  const left = await collect(hub.listFiles({ hubUrl, repo: own, recursive: true, accessToken }));
  const listed = await collect(hub.listModels({ hubUrl, search: { owner: name.split("/")[0] }, accessToken }));

  return {
    id: info.name,
    files: before.filter((entry) => entry.type === "file").map((entry) => entry.path).sort(),
    size: bytes.length,
    part: Buffer.from(part).equals(Buffer.from(bytes.slice(1000, 2000))),
    commit: done.commit.oid,
    left: left.filter((entry) => entry.type === "file").map((entry) => entry.path),
    weights: (await hub.fileDownloadInfo({ hubUrl, repo: own, path: "data/weights.bin", accessToken })).size,
    listed: listed.map((model) => model.name),
    who: (await hub.whoAmI({ hubUrl, accessToken })).name,
  };
});
