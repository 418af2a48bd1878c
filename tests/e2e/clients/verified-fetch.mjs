// Reads through a trustless gateway with @helia/verified-fetch, which checks every block:
// `verified-fetch.mjs GATEWAY PATH [RANGE]`. PATH is `CID/name…`.
import { createHash } from 'node:crypto'
import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'
import { finish } from './report.mjs'

const [gateway, path, range] = process.argv.slice(2)

await finish(async () => {
  // Delegated routing is the same gateway: an empty list of routers never becomes idle.
  const options = { delegatedRouters: [gateway], recursiveGateways: [gateway], allowInsecure: true, allowLocal: true }
  const helia = await withHTTP(createHeliaLight(), options).start()
  const fetch = await createVerifiedFetch(helia)
  try {
    const headers = range ? { range } : {}
    const response = await fetch(`ipfs://${path}`, { headers, signal: AbortSignal.timeout(60_000) })
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of response.body) {
      hash.update(chunk)
      bytes += chunk.length
    }
    return { status: response.status, bytes, sha256: hash.digest('hex') }
  } catch (error) {
    return { rejected: `${error.name}: ${error.message}`, causes: (error.errors ?? []).map(String) }
  } finally {
    await fetch.stop()
  }
})
