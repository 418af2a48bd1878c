// Everything that moved money in a range of blocks, with polkadot.js and no custom types:
// `storage-events.mjs URL FIRST LAST`.
import { ApiPromise, WsProvider } from '@polkadot/api'
import { finish } from './report.mjs'

const [url, first, last] = process.argv.slice(2)
const WANTED = { storageProofs: () => true, transactionPayment: (name) => name === 'TransactionFeePaid', treasury: (name) => name === 'Burnt' }

// Numbers as text, since most don't fit JSON's; options as null or their value.
function plain(value) {
  // Of an enum, `isNone` says only that a variant holds nothing.
  if (value.isNone && !value.defKeys) return null
  return value.toRawType() === 'Bool' ? value.isTrue : value.toString()
}

await finish(async () => {
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  const found = []
  for (let block = Number(first); block <= Number(last); block++) {
    const hash = await api.rpc.chain.getBlockHash(block)
    for (const { event } of await api.query.system.events.at(hash)) {
      if (!WANTED[event.section]?.(event.method)) continue
      const names = event.data.names ?? []
      found.push({ block, name: event.method, ...Object.fromEntries(names.map((name, at) => [name, plain(event.data[at])])) })
    }
  }
  await api.disconnect()
  return found
})
