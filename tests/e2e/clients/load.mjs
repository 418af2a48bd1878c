// Sends transfers until it is stopped: `load.mjs URL`. It says how many it has sent.
import { send } from './registry.mjs'
import { say } from './report.mjs'
import { STOA, connect } from './referenda.mjs'

const ACCOUNTS = 8
// So many at once, in every second.
const EACH = 10

const { api, ring, ferdie } = await connect(process.argv[2])
const payers = Array.from({ length: ACCOUNTS }, (_, number) => ring.addFromUri(`//load//${number}`))
await send(api, api.tx.utility.batchAll(payers.map((payer) => api.tx.balances.transferKeepAlive(payer.address, 1_000n * STOA))), ferdie)
let sent = 0
for (;;) {
  for (const payer of payers) {
    let nonce = (await api.rpc.system.accountNextIndex(payer.address)).toNumber()
    for (let i = 0; i < EACH; i++, nonce++) {
      try {
        await api.tx.balances.transferKeepAlive(ferdie.address, 1n).signAndSend(payer, { nonce })
      } catch (error) {
        // A block that held it was left for another, so the pool has it again: go on from what the pool knows.
        if (![1013, 1014].includes(error.code)) throw error
        break
      }
      sent++
    }
  }
  await say({ sent })
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
