// Follows the chain as a light client and fetches blocks over the chain's own network:
// `smoldot.mjs CHAIN_SPEC CID…`. The specification is raw and has boot nodes.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CID } from 'multiformats/cid'
import { start } from 'smoldot'
import { check, finish } from './report.mjs'

const [specification, ...cids] = process.argv.slice(2)

await finish(async () => {
  const log = []
  const client = start({ maxLogLevel: 3, logCallback: (_level, target, message) => log.push(`${target}: ${message}`) })
  try {
    const chain = await client.addChain({ chainSpec: await readFile(specification, 'utf8') })
    const rpc = caller(chain)
    const header = async (...params) => Number((await rpc('chain_getHeader', ...params)).number)

    // A light client trusts only what GRANDPA finalised: two different finalised blocks show that it follows.
    const first = await until(async () => {
      const number = await header(await rpc('chain_getFinalizedHead'))
      return number > 0 && number
    }, 90, 'a first finalised block')
    const later = await until(async () => {
      const number = await header(await rpc('chain_getFinalizedHead'))
      return number > first && number
    }, 60, 'a later finalised block')
    const version = await rpc('state_getRuntimeVersion')

    const blocks = {}
    for (const text of cids) {
      const hex = await until(() => rpc('bitswap_unstable_get', text), 60, `block ${text}`)
      const bytes = Buffer.from(hex.slice(2), 'hex')
      const digest = createHash('sha256').update(bytes).digest()
      check(digest.equals(Buffer.from(CID.parse(text).multihash.digest)), `the hash of ${text}`)
      blocks[text] = bytes.length
    }
    return { first, later, blocks, specName: version.specName }
  } catch (error) {
    console.error(log.slice(-80).join('\n'))
    throw error
  } finally {
    await client.terminate()
  }
})

function caller(chain) {
  const waiting = new Map()
  let last = 0
  ;(async () => {
    for await (const text of chain.jsonRpcResponses) {
      const { id, result, error } = JSON.parse(text)
      const { resolve, reject } = waiting.get(id) ?? {}
      waiting.delete(id)
      if (error) reject?.(new Error(`${error.code} ${error.message}`))
      else resolve?.(result)
    }
  })().catch(() => {})
  return (method, ...params) => new Promise((resolve, reject) => {
    const id = String(++last)
    waiting.set(id, { resolve, reject })
    chain.sendJsonRpc(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
  })
}

// A light client has no peer at first, and says so with errors; what counts is that it gets there in time.
async function until(ready, seconds, what) {
  const deadline = Date.now() + seconds * 1000
  let last
  while (Date.now() < deadline) {
    try {
      const value = await ready()
      if (value) return value
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error(`not within ${seconds} s: ${what} (last: ${last?.message})`)
}
