// The registry through polkadot.js.
import { check } from './report.mjs'

// Resolves with the events of the block's extrinsic, rejects with the chain's own error.
export function send(api, call, pair) {
  return new Promise((resolve, reject) => {
    call.signAndSend(pair, ({ status, events, dispatchError }) => {
      if (dispatchError?.isModule) {
        const { section, name, docs } = api.registry.findMetaError(dispatchError.asModule)
        return reject(new Error(`${section}.${name}: ${docs.join(' ')}`))
      }
      if (dispatchError) return reject(new Error(dispatchError.toString()))
      if (status.isInBlock) resolve(events.map(({ event }) => event))
      if (status.isInvalid || status.isDropped || status.isUsurped) reject(new Error(status.type))
    }).catch(reject)
  })
}

export function only(events, method) {
  const found = events.filter((event) => event.section === 'assetRegistry' && event.method === method)
  check(found.length === 1, `one ${method}, not ${found.length}, in ${events.map((event) => event.method)}`)
  return found[0].data
}
