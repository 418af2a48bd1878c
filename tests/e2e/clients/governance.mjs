// Decides by referenda, with polkadot.js and no custom types: `governance.mjs URL ASSET`. Every vote is an ordinary
// one, by accounts that hold STOA; nobody has a master key.
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'

const [url, asset] = process.argv.slice(2)
const STOA = 10n ** 12n

await finish(async () => {
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  const ring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 })
  const [alice, ...others] = ['Alice', 'Bob', 'Charlie', 'Dave', 'Eve', 'Ferdie'].map((name) => ring.addFromUri(`//${name}`))
  const committee = [alice, ...others.slice(0, 2)]

  const tracks = api.consts.referenda.tracks.map(([id, track]) => [id.toNumber(), track.name.toString().replace(/\0+$/, '')])
  check(tracks.length === 7, `there are ${tracks.length} tracks`)
  check(api.tx.sudo === undefined, 'there is no master key')

  const treasury = '5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z'
  await send(api, api.tx.balances.transferKeepAlive(treasury, 1_000n * STOA), alice)

  const price = api.tx.parameters.setParameter({ Storage: { RecordDeposit: [null, 7_000_000_000n] } })
  const takeDown = api.tx.assetRegistry.takeDown({ Asset: asset }, '0x' + '11'.repeat(32))
  const beneficiary = ring.addFromUri('//Nobody in particular')
  const spend = api.tx.treasury.spend(null, 100n * STOA, beneficiary.address, null)
  // Root's own business, because the technical committee says that it is sound.
  const marked = api.tx.system.setStorage([['0x6d61726b', '0x01']])
  await send(api, api.tx.preimage.notePreimage(marked.method.toHex()), alice)
  const motion = api.tx.whitelist.whitelistCall(marked.method.hash)
  const length = motion.method.encodedLength
  const proposed = await send(api, api.tx.technicalCommittee.propose(3, motion, length), alice)
  const { proposalHash, proposalIndex } = proposed.find(({ method }) => method === 'Proposed').data
  for (const member of committee) await send(api, api.tx.technicalCommittee.vote(proposalHash, proposalIndex, true), member)
  const weight = { refTime: 10n ** 11n, proofSize: 10n ** 6n }
  await send(api, api.tx.technicalCommittee.close(proposalHash, proposalIndex, weight, length), alice)
  const whitelisted = api.tx.whitelist.dispatchWhitelistedCallWithPreimage(marked.method)

  const polls = [
    ['HubParameters', price], ['Moderation', takeDown], ['SmallSpender', spend], ['WhitelistedCaller', whitelisted],
  ]
  const indices = []
  for (const [origin, call] of polls) {
    const bytes = call.method.toHex()
    const proposal = { Inline: bytes }
    const origins = { Governance: origin }
    const events = await send(api, api.tx.utility.batchAll([
      api.tx.referenda.submit(origins, proposal, { After: 0 }),
    ]), alice)
    const { index } = events.find(({ section, method }) => section === 'referenda' && method === 'Submitted').data
    await send(api, api.tx.referenda.placeDecisionDeposit(index), alice)
    indices.push(index)
  }
  const vote = (index) => api.tx.convictionVoting.vote(index, {
    Standard: { vote: { aye: true, conviction: 'Locked1x' }, balance: 900_000n * STOA },
  })
  await Promise.all([alice, ...others].map((voter) => send(api, api.tx.utility.batchAll(indices.map(vote)), voter)))

  const passed = async () => {
    const infos = await Promise.all(indices.map((index) => api.query.referenda.referendumInfoFor(index)))
    const over = infos.filter((info) => !info.unwrap().isOngoing)
    check(over.every((info) => info.unwrap().isApproved), `a referendum failed: ${over}`)
    return over.length === indices.length
  }
  await new Promise((resolve, reject) => {
    api.rpc.chain.subscribeNewHeads(() => passed().then((yes) => yes && resolve(), reject)).catch(reject)
  })
  // The dispatch comes a block after the approval.
  const start = (await api.rpc.chain.getHeader()).number.toNumber()
  await new Promise((resolve, reject) => {
    api.rpc.chain.subscribeNewHeads((head) => head.number.toNumber() >= start + 3 && resolve()).catch(reject)
  })
  await send(api, api.tx.treasury.payout(0), others[0])
  const paid = (await api.query.system.account(beneficiary.address)).data.free.toBigInt()
  const mark = (await api.rpc.state.getStorage('0x6d61726b')).toHex()
  const deposit = (await api.query.parameters.parameters({ Storage: { RecordDeposit: null } })).unwrap()
  await api.disconnect()
  return { tracks, paid: paid / STOA, mark, deposit: deposit.asStorage.asRecordDeposit.toString() }
})
