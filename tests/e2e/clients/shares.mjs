// A community of those who hold 1,000 of an asset's shares, with polkadot.js: `shares.mjs URL NAMESPACE CID ROOT SIZE`. The other
// 999,000 are the community's own, which earn for it and don't vote.
import { CID } from 'multiformats/cid'
import { only, send } from './registry.mjs'
import { check, finish } from './report.mjs'
import { STOA, connect, freeBalance } from './referenda.mjs'
import { act, found, rules } from './communities.mjs'

const [url, namespace, cid, root, size] = process.argv.slice(2)

await finish(async () => {
  const { api, ring, alice, bob, charlie, ferdie } = await connect(url)
  const { assetRegistry, balances, royalties, utility } = api.tx
  const refused = (sent) => sent.then(() => 'done', (error) => error.message.split(':')[0])

  await send(api, assetRegistry.registerNamespace(namespace), alice)
  const created = await send(api, assetRegistry.createAsset(namespace, 'paper', 'Dataset', '', 'Public'), alice)
  const { asset } = only(created, 'AssetCreated')
  await send(api, royalties.open(asset, alice.address), alice)
  const half = rules(api, { quorum: 500, shares: 100 })
  const dao = await found(api, alice, 'Workshop', { Shares: asset }, half)
  const poor = await refused(send(api, api.tx.dao.propose(dao.id, api.tx.system.remark('0x'), null), bob))
  await send(api, utility.batchAll([
    royalties.transferShares(asset, bob.address, 300),
    royalties.transferShares(asset, charlie.address, 100),
    royalties.transferShares(asset, dao.account, 999_000),
    balances.transferKeepAlive(dao.account, 50n * STOA),
    assetRegistry.offerNamespace(namespace, dao.account),
  ]), alice)

  const first = await act(api, dao, [alice, bob], assetRegistry.acceptNamespace(namespace))
  const owner = (await api.call.assetRegistryApi.namespace(namespace)).unwrap().owner.toString()
  check(owner === dao.account, `the namespace is ${owner}'s`)
  // What voted stays where it is until the vote is released.
  const locked = await refused(send(api, royalties.transferShares(asset, charlie.address, 1), alice))
  await send(api, api.tx.dao.releaseVote(first, alice.address), charlie)
  await send(api, royalties.transferShares(asset, charlie.address, 1), alice)

  const content = { codec: 'DagPb', digest: CID.parse(cid).multihash.digest }
  const refs = [{ kind: 'Branch', name: 'main' }]
  const publish = assetRegistry.publishRevision(asset, content, { root: `0x${root}`, size }, [], 'by vote', refs)
  await act(api, dao, [alice, bob, charlie], publish)
  const revision = (await api.call.assetRegistryApi.resolve(`${namespace}/paper`, 'main')).unwrap()
  check(revision.author.toString() === dao.account, `the author is ${revision.author}`)

  const before = await freeBalance(api, dao.account)
  await send(api, royalties.pay(asset, 1_000n * STOA, '0x' + '00'.repeat(32)), ferdie)
  await send(api, royalties.claimFor(asset, dao.account), ferdie)
  const earned = await freeBalance(api, dao.account) - before
  const payee = ring.addFromUri('//payee of the workshop')
  await act(api, dao, [bob, alice], balances.transferKeepAlive(payee.address, 900n * STOA))
  const paid = await freeBalance(api, payee.address)

  const few = await refused(act(api, dao, [charlie], api.tx.system.remark('0x01')))
  await api.disconnect()
  return { asset, commit: revision.commit.toHex().slice(2), earned, paid, poor, locked, few }
})
