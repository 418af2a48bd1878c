// Reads through a trustless gateway with @helia/verified-fetch, which checks every block:
// `verified-fetch.mjs GATEWAY PATH [RANGE]`. PATH is `CID/name…`.
import { createHash } from 'node:crypto'
import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'
import { finish } from './report.mjs'

// The names of the errors that Helia logs: what it found wrong with a block is told nowhere else.
const complaints = new Set()
const logger = {
  forComponent(name) {
    const error = (_format, ...words) => words.filter((word) => word instanceof Error).forEach((word) => complaints.add(word.name))
    return Object.assign(() => {}, { enabled: false, trace() {}, error, newScope: (scope) => logger.forComponent(`${name}:${scope}`) })
  },
}

const [gateway, path, range] = process.argv.slice(2)

await finish(async () => {
  // Delegated routing is the same gateway: an empty list of routers never becomes idle.
  const options = { delegatedRouters: [gateway], recursiveGateways: [gateway], allowInsecure: true, allowLocal: true }
  const helia = await withHTTP(createHeliaLight({ logger }), options).start()
  const fetch = await createVerifiedFetch(helia)
  try {
    const headers = range ? { range } : {}
    // A session looks for other providers for ever when one sends wrong bytes; without one the error comes at once.
    const response = await fetch(`ipfs://${path}`, { headers, session: false, signal: AbortSignal.timeout(60_000) })
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of response.body) {
      hash.update(chunk)
      bytes += chunk.length
    }
    return { status: response.status, bytes, sha256: hash.digest('hex'), complaints: [...complaints] }
  } catch (error) {
    return { rejected: `${error.name}: ${error.message}`, complaints: [...complaints] }
  } finally {
    await fetch.stop()
  }
})
