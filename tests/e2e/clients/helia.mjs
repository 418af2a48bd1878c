// Fetches over Bitswap with Helia: `helia.mjs ADDRESS OUT CID[/PATH]…`.
// Every file is written to OUT/<number>; Helia checks each block's hash as it arrives.
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { unixfs } from '@helia/unixfs'
import { CID } from 'multiformats/cid'
import { connectedHelia } from './libp2p.mjs'
import { finish } from './report.mjs'

const [address, out, ...wanted] = process.argv.slice(2)

await finish(async () => {
  const helia = await connectedHelia(address)
  const fs = unixfs(helia)
  const signal = AbortSignal.timeout(120_000)
  await mkdir(out, { recursive: true })
  const files = []
  for (const [number, item] of wanted.entries()) {
    const [cid, ...path] = item.split('/')
    const options = { path: path.join('/') || undefined, signal }
    const stat = await fs.stat(CID.parse(cid), options)
    if (stat.type === 'directory') {
      const entries = []
      for await (const entry of fs.ls(CID.parse(cid), options)) entries.push(entry.name)
      files.push({ item, type: stat.type, entries })
      continue
    }
    const target = join(out, String(number))
    await pipeline(Readable.from(fs.cat(CID.parse(cid), options)), createWriteStream(target))
    files.push({ item, type: stat.type, target })
  }
  await helia.stop()
  return { files }
})
