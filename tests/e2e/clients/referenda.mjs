// Referenda through polkadot.js, with ordinary votes by accounts that hold STOA: nobody has a master key.
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { blake2AsHex } from '@polkadot/util-crypto'
import { send } from './registry.mjs'
import { check } from './report.mjs'

export const STOA = 10n ** 12n
const NAMES = ['Alice', 'Bob', 'Charlie', 'Dave', 'Eve', 'Ferdie']

// A connection, and the well-known accounts. No custom types: all comes from the metadata.
export async function connect(url) {
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  const ring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 })
  const people = Object.fromEntries(NAMES.map((name) => [name.toLowerCase(), ring.addFromUri(`//${name}`)]))
  return { api, ring, ...people }
}

export const freeBalance = async (api, address) => (await api.query.system.account(address)).data.free.toBigInt()

// Submits a referendum with its decision deposit, and gives its number. Long calls go by a preimage.
export async function propose(api, who, origin, call) {
  const bytes = call.method.toHex()
  const length = call.method.encodedLength
  const short = length <= 128
  if (!short) await send(api, api.tx.preimage.notePreimage(bytes), who)
  const proposal = short ? { Inline: bytes } : { Lookup: { hash: call.method.hash, len: length } }
  const index = await submit(api, who, origin, proposal)
  await send(api, api.tx.referenda.placeDecisionDeposit(index), who)
  return index
}

// Submits a referendum on a proposal that is encoded already. Votes are taken; it isn't decided without its deposit.
export async function submit(api, who, origin, proposal) {
  const origins = origin === 'Root' ? { system: 'Root' } : { Governance: origin }
  const events = await send(api, api.tx.referenda.submit(origins, proposal, { After: 0 }), who)
  const { index } = events.find(({ section, method }) => section === 'referenda' && method === 'Submitted').data
  return index.toNumber()
}

export const vote = (api, index, balance, aye = true) => api.tx.convictionVoting.vote(index, {
  Standard: { vote: { aye, conviction: 'Locked1x' }, balance },
})

// Votes aye with nearly all that each voter has, and waits until all referenda have passed and were enacted.
export async function pass(api, indices, voters) {
  await Promise.all(voters.map(async (voter) => {
    const balance = await freeBalance(api, voter.address) / 10n * 9n
    await send(api, api.tx.utility.batchAll(indices.map((index) => vote(api, index, balance))), voter)
  }))
  await until(api, `referenda ${indices} passed`, async () => {
    const infos = (await Promise.all(indices.map((index) => api.query.referenda.referendumInfoFor(index))))
      .map((info) => info.unwrap())
    const lost = infos.filter((info) => !info.isOngoing && !info.isApproved)
    check(lost.length === 0, `a referendum failed: ${lost}`)
    return infos.every((info) => info.isApproved)
  })
  // What passed is dispatched some blocks later, and then its task is gone.
  await until(api, `referenda ${indices} enacted`, async () => {
    const tasks = await Promise.all(indices.map((index) => api.query.scheduler.lookup(enactment(index))))
    return tasks.every((task) => task.isNone)
  })
}

// By what the scheduler knows the enactment of a referendum.
function enactment(index) {
  const number = Buffer.alloc(4)
  number.writeUInt32LE(index)
  const name = Buffer.from('enactment')
  return blake2AsHex(Buffer.concat([Buffer.from('assembly'), Buffer.from([name.length << 2]), name, number]), 256)
}

// Two thirds of the technical committee say that a call is sound.
export async function whitelist(api, committee, call) {
  const [first] = committee
  await send(api, api.tx.preimage.notePreimage(call.method.toHex()), first)
  const motion = api.tx.whitelist.whitelistCall(call.method.hash)
  const length = motion.method.encodedLength
  const proposed = await send(api, api.tx.technicalCommittee.propose(committee.length, motion, length), first)
  const { proposalHash, proposalIndex } = proposed.find(({ method }) => method === 'Proposed').data
  for (const member of committee) await send(api, api.tx.technicalCommittee.vote(proposalHash, proposalIndex, true), member)
  const weight = { refTime: 10n ** 11n, proofSize: 10n ** 6n }
  await send(api, api.tx.technicalCommittee.close(proposalHash, proposalIndex, weight, length), first)
}

// Asks again in every block until the answer is yes.
export async function until(api, what, ready, seconds = 150) {
  let stop
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not within ${seconds} s: ${what}`)), seconds * 1000)
      const ask = (head) => Promise.resolve(ready(head)).then((value) => {
        if (!value) return
        clearTimeout(timer)
        resolve(value)
      }, reject)
      api.rpc.chain.subscribeNewHeads(ask).then((end) => { stop = end }, reject)
    })
  } finally {
    stop?.()
  }
}
