// Decides by referenda, with polkadot.js: `governance.mjs URL ASSET`.
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'
import { STOA, connect, freeBalance, pass, propose, submit, whitelist } from './referenda.mjs'

const [url, asset] = process.argv.slice(2)
const price = (api) => api.query.parameters.parameters({ Storage: { RecordDeposit: null } })
const plancks = (value) => value.unwrap().asStorage.asRecordDeposit.toString()

await finish(async () => {
  const { api, ring, alice, bob, charlie, dave, eve, ferdie } = await connect(url)
  const tracks = api.consts.referenda.tracks.map(([, track]) => track.name.toString().replace(/\0+$/, ''))
  check(api.tx.sudo === undefined, 'there is no master key')
  const genesisPrice = plancks(await price(api))

  const treasury = '5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z'
  check(await freeBalance(api, treasury) > 100n * STOA, 'the treasury has what the file gave nobody')
  const beneficiary = ring.addFromUri('//Nobody in particular')
  // Root's own business, because the technical committee says that it is sound.
  const marked = api.tx.system.setStorage([['0x6d61726b', '0x01']])
  await whitelist(api, [alice, bob, charlie], marked)
  const polls = [
    ['HubParameters', api.tx.parameters.setParameter({ Storage: { RecordDeposit: [null, 7_000_000_000n] } })],
    ['Moderation', api.tx.assetRegistry.takeDown({ Asset: asset }, '0x' + '11'.repeat(32))],
    ['SmallSpender', api.tx.treasury.spend(null, 100n * STOA, beneficiary.address, null)],
    ['WhitelistedCaller', api.tx.whitelist.dispatchWhitelistedCallWithPreimage(marked.method)],
  ]
  const indices = []
  for (const [origin, call] of polls) indices.push(await propose(api, alice, origin, call))
  // A call that no runtime can read: the voters may pass it, and nothing comes of it.
  const unread = await submit(api, alice, 'Root', { Inline: '0xffffffff' })
  await send(api, api.tx.referenda.placeDecisionDeposit(unread), alice)
  indices.push(unread)
  let unreadable = 0
  const stop = await api.query.system.events((events) => {
    unreadable += events.filter(({ event }) => event.section === 'scheduler' && event.method === 'CallUnavailable').length
  })
  await pass(api, indices, [alice, bob, charlie, dave, eve, ferdie])

  await send(api, api.tx.treasury.payout(0), bob)
  stop()
  const paid = await freeBalance(api, beneficiary.address)
  const mark = (await api.rpc.state.getStorage('0x6d61726b')).toHex()
  const deposit = plancks(await price(api))
  await api.disconnect()
  return { tracks, genesisPrice, paid: paid / STOA, mark, deposit, unreadable }
})
