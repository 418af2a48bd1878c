// Votes without fees, with polkadot.js: `votes.mjs URL` votes for the first and the second time on a referendum, in a
// batch, and from an account with nothing; it reports what each cost.
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'
import { STOA, connect, freeBalance, submit, vote } from './referenda.mjs'

const [url] = process.argv.slice(2)

await finish(async () => {
  const { api, ring, alice, bob } = await connect(url)
  const open = () => submit(api, alice, 'SmallSpender', { Inline: api.tx.system.remark('0x01').method.toHex() })
  const [one, two] = [await open(), await open()]
  const balance = async () => (await api.query.system.account(bob.address)).data
  const total = ({ free, reserved }) => free.toBigInt() + reserved.toBigInt()
  // What the chain took from Bob for a transaction.
  const cost = async (call) => {
    const before = total(await balance())
    const events = await send(api, call, bob)
    const waived = events.some(({ section, method }) => section === 'freeVotes' && method === 'FeeWaived')
    return { cost: before - total(await balance()), waived }
  }

  const quoted = (await vote(api, one, 100n * STOA).paymentInfo(bob)).partialFee.toBigInt()
  const first = await cost(vote(api, one, 100n * STOA))
  const second = await cost(vote(api, one, 200n * STOA))
  const removed = await cost(api.tx.convictionVoting.removeVote(null, one))
  const again = await cost(vote(api, one, 100n * STOA))
  const batched = await cost(api.tx.utility.batch([vote(api, two, 100n * STOA)]))
  const other = await cost(vote(api, two, 1n))

  const nobody = ring.addFromUri('//Somebody without a balance')
  const empty = await send(api, vote(api, two, 100n * STOA), nobody).then(() => 'taken', (error) => error.message)
  const over = await send(api, vote(api, 1_000_000, 100n * STOA), bob).then(() => 'taken', (error) => error.message)
  const tally = (await api.query.referenda.referendumInfoFor(one)).unwrap().asOngoing.tally
  check(tally.ayes.toBigInt() > 0n, 'the free vote counts')
  check(await freeBalance(api, nobody.address) === 0n, 'the account is empty')
  await api.disconnect()
  return { poll: two, quoted, first, second, removed, again, batched, other, empty, over }
})
