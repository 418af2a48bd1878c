// Accounts that the compute tests need beside real workers, with polkadot.js and no custom types. `compute.mjs URL VERB JSON`:
//   fund      { from, amount, to: [secret…] }
//   register  { workers: [secret…], stake, price, engine, limits }
//   call      { as, calls: [[pallet, method, …arguments]…] }   one transaction
//   work      { job, poke, workers: [{ secret, how, result }…] }   seats of a job, until they have done what they are to do;
//                                                              with `poke`, they move it on too, up to the results
//   events    { from, to }                                      what the escrow said in these blocks
//   balances  { of: [address…] }
// How a worker of `work` behaves: `reveal` commits to its result and reveals it; `silent` commits and never reveals;
// `absent` takes its seat and does nothing; `copy` commits to what the first other worker committed to, and tries to reveal
// the result that the other one reveals.
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { u8aConcat, u8aToHex } from '@polkadot/util'
import { blake2AsU8a, randomAsU8a } from '@polkadot/util-crypto'
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'

const [url, verb, json] = process.argv.slice(2)
const plan = JSON.parse(json)
const PATIENCE = 300_000

function plain(event) {
  const names = event.data.names ?? []
  const data = Object.fromEntries(names.map((name, place) => [name, amounts(event.data[place].toJSON())]))
  return { section: event.section, method: event.method, data }
}

// Large numbers come as hex.
function amounts(value) {
  return typeof value === 'string' && /^0x0{0,16}[0-9a-f]{1,24}$/.test(value) ? BigInt(value) : value
}

class Worker {
  constructor(api, pair, job, { how, result }) {
    Object.assign(this, { api, pair, job, how })
    this.escrow = api.tx.computeEscrow
    this.result = result && this.type(result)
    this.salt = randomAsU8a(32)
  }

  type(result) {
    const type = this.api.tx.computeEscrow.reveal.meta.args[1].type
    return this.api.registry.createType(type.toString(), result)
  }

  async info() {
    return (await this.api.call.computeEscrowApi.job(this.job)).unwrapOr(null)
  }

  // Waits until `ready` gives something of the job, or the job has ended.
  async until(what, ready) {
    const deadline = Date.now() + PATIENCE
    for (;;) {
      const info = await this.info()
      if (info === null) return null
      const found = await ready(info)
      if (found) return found
      check(Date.now() < deadline, `not in time: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }

  // Draws when the seed is there, eight blocks after the applications closed.
  async moveOn() {
    await this.until('the draw', async (info) => {
      if (!info.job.phase.isApply) return true
      const now = (await this.api.rpc.chain.getHeader()).number.toNumber()
      if (now < info.job.phase.asApply.until.toNumber() + 9) return false
      await send(this.api, this.escrow.poke(this.job), this.pair).catch(() => {})
      return false
    })
  }

  seat(info) {
    return info.seats.find(({ worker }) => worker.eq(this.pair.address))
  }

  async work() {
    const told = { worker: this.pair.address, drawn: false, refused: null }
    const info = await this.until('applications', (info) => info.job.phase.isApply && info)
    check(info, 'the job ended before it was applied for')
    await send(this.api, this.escrow.apply(this.job, info.job.bond), this.pair)
    const drawn = await this.until('the draw', (info) => !info.job.phase.isApply && info)
    if (!drawn || !this.seat(drawn)) return told
    told.drawn = true
    if (this.how === 'absent') return told
    const commitment = this.how === 'copy' ? await this.copied() : this.commitment(this.result)
    await send(this.api, this.escrow.commit(this.job, commitment), this.pair)
    if (this.how === 'silent') return told
    await this.until('the reveals', (info) => info.job.phase.isReveal)
    if (this.how === 'copy') {
      const others = (info) => info.seats.find(({ state }) => state.isRevealed)?.state.asRevealed
      this.result = await this.until('a result to copy', others)
      if (!this.result) return told
    }
    try {
      await send(this.api, this.escrow.reveal(this.job, this.result, this.salt), this.pair)
    } catch (error) {
      told.refused = String(error.message ?? error)
    }
    return told
  }

  commitment(result) {
    const number = this.api.registry.createType('u64', this.job).toU8a()
    const parts = [this.pair.publicKey, number, blake2AsU8a(result.toU8a(), 256), this.salt]
    return u8aToHex(blake2AsU8a(u8aConcat(...parts), 256))
  }

  copied() {
    const of = (info) => {
      const other = info.seats.find(({ worker, state }) => !worker.eq(this.pair.address) && state.isCommitted)
      return other?.state.asCommitted
    }
    return this.until('a commitment to copy', of)
  }
}

await finish(async () => {
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  const ring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 })
  const pair = (secret) => ring.addFromUri(secret)
  const escrow = api.tx.computeEscrow
  const verbs = {
    async fund() {
      const to = plan.to.map((secret) => pair(secret).address)
      const transfers = to.map((address) => api.tx.balances.transferKeepAlive(address, plan.amount))
      await send(api, api.tx.utility.batchAll(transfers), pair(plan.from))
      return { addresses: to }
    },
    async register() {
      const { stake, price, limits, engine } = plan
      const call = () => escrow.registerWorker(stake, price, limits, [engine])
      await Promise.all(plan.workers.map((secret) => send(api, call(), pair(secret))))
      return {}
    },
    async call() {
      const calls = plan.calls.map(([pallet, method, ...rest]) => api.tx[pallet][method](...rest))
      const events = await send(api, api.tx.utility.batchAll(calls), pair(plan.as))
      return { events: events.map(plain) }
    },
    async work() {
      const workers = plan.workers.map((worker) => new Worker(api, pair(worker.secret), plan.job, worker))
      if (plan.poke) workers[0].moveOn()
      return Promise.all(workers.map((worker) => worker.work()))
    },
    async events() {
      const found = []
      for (let number = plan.from; number <= plan.to; number++) {
        const at = await api.at(await api.rpc.chain.getBlockHash(number))
        for (const { event } of await at.query.system.events()) {
          if (event.section === 'computeEscrow') found.push({ block: number, ...plain(event) })
        }
      }
      return found
    },
    async balances() {
      const accounts = await api.query.system.account.multi(plan.of)
      return accounts.map(({ data }) => data.free.toBigInt() + data.reserved.toBigInt())
    },
  }
  const result = await verbs[verb]()
  await api.disconnect()
  return result
})
