// Many accounts vote for nothing at once, while one pays for a transfer, with polkadot.js: `flood.mjs URL`.
import { send } from './registry.mjs'
import { finish } from './report.mjs'
import { STOA, connect, submit, until, vote } from './referenda.mjs'

const [url] = process.argv.slice(2)
// As docs/governance.md has it.
const most = 100
const POLLS = 4
// So many blocks are filled with free votes, whatever a block takes.
const BLOCKS = 6

await finish(async () => {
  const { api, ring, alice, bob, ferdie } = await connect(url)
  const voters = Array.from({ length: Math.ceil(most * BLOCKS / POLLS) }, (_, number) => ring.addFromUri(`//flood//${number}`))
  const gift = ({ address }) => api.tx.balances.transferKeepAlive(address, 20n * STOA)
  for (let at = 0; at < voters.length; at += 50) await send(api, api.tx.utility.batchAll(voters.slice(at, at + 50).map(gift)), alice)
  const proposal = api.tx.system.remark('0x02').method.toHex()
  const polls = []
  for (let poll = 0; poll < POLLS; poll++) polls.push(await submit(api, bob, 'SmallSpender', { Inline: proposal }))

  const votes = []
  for (const voter of voters) {
    for (const [nonce, poll] of polls.entries()) votes.push(await vote(api, poll, 10n * STOA).signAsync(voter, { nonce }))
  }
  // How many free votes each block has, and in which the transfer is.
  const blocks = []
  const stop = await api.rpc.chain.subscribeNewHeads(async (head) => {
    const events = await (await api.at(head.hash)).query.system.events()
    const free = events.filter(({ event }) => event.section === 'freeVotes' && event.method === 'FeeWaived').length
    blocks.push({ number: head.number.toNumber(), hash: head.hash.toHex(), free })
  })
  await Promise.all(votes.map((signed) => api.rpc.author.submitExtrinsic(signed)))
  const start = (await api.rpc.chain.getHeader()).number.toNumber()
  const paid = await new Promise((resolve, reject) => {
    api.tx.balances.transferKeepAlive(alice.address, 1n).signAndSend(ferdie, ({ status, txIndex }) => {
      if (status.isInBlock) resolve({ hash: status.asInBlock.toHex(), index: txIndex })
      if (status.isDropped || status.isInvalid) reject(new Error(status.type))
    }).catch(reject)
  })
  const pending = (await api.rpc.author.pendingExtrinsics()).length
  const number = (await api.rpc.chain.getHeader(paid.hash)).number.toNumber()
  const body = (await api.rpc.chain.getBlock(paid.hash)).block.extrinsics
  const before = body.slice(0, paid.index).filter(({ method }) => method.section === 'convictionVoting').length

  const counted = async () => {
    const tallies = await Promise.all(polls.map((poll) => api.query.referenda.referendumInfoFor(poll)))
    return tallies.every((info) => info.unwrap().asOngoing.tally.support.toBigInt() === BigInt(voters.length) * 10n * STOA)
  }
  await until(api, 'every vote counts', counted)
  stop()
  const fullest = Math.max(...blocks.map(({ free }) => free))
  await api.disconnect()
  return { votes: votes.length, most, fullest, waited: number - start, before, pending }
})
