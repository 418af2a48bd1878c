// A community of three members, with polkadot.js: `dao.mjs URL begin NAMESPACE` founds it and lets it own a namespace with an
// asset, in which Alice may publish; `dao.mjs URL go-on DAO ASSET` has it earn, pay its members, and try for more than it may.
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'
import { STOA, connect, freeBalance } from './referenda.mjs'
import { act, found, rules } from './communities.mjs'

const [url, what, ...rest] = process.argv.slice(2)

async function begin({ api, alice, bob, charlie }, namespace) {
  const members = [alice, bob, charlie]
  const dao = await found(api, alice, 'Commons', { Members: members.map(({ address }) => address) }, rules(api))
  await send(api, api.tx.balances.transferKeepAlive(dao.account, 50n * STOA), alice)

  const asset = (await api.query.assetRegistry.nextAssetId()).toNumber()
  const { assetRegistry, royalties, utility } = api.tx
  await act(api, dao, members, utility.batchAll([
    assetRegistry.registerNamespace(namespace),
    assetRegistry.createAsset(namespace, 'model', 'Model', 'apache-2.0', 'Public'),
    assetRegistry.setCollaborator(asset, alice.address, 'Writer'),
    royalties.open(asset, dao.account),
  ]))
  const owner = (await api.call.assetRegistryApi.namespace(namespace)).unwrap().owner.toString()
  check(owner === dao.account, `the namespace is ${owner}'s`)
  return { dao: dao.id, account: dao.account, asset }
}

async function goOn({ api, ring, alice, bob, charlie, ferdie }, id, asset) {
  const members = [alice, bob, charlie]
  const dao = { id, account: (await api.call.daoApi.dao(id)).unwrap().account.toString() }
  const before = await freeBalance(api, dao.account)
  await send(api, api.tx.royalties.pay(asset, 9n * STOA, '0x' + '00'.repeat(32)), ferdie)
  await send(api, api.tx.royalties.claimFor(asset, dao.account), ferdie)
  const earned = await freeBalance(api, dao.account) - before

  // To somebody who has nothing, so that no fee blurs what came.
  const payees = [0, 1, 2].map((number) => ring.addFromUri(`//payee//${number}`))
  await act(api, dao, members.slice(0, 2), api.tx.utility.batchAll(
    payees.map(({ address }) => api.tx.balances.transferKeepAlive(address, 3n * STOA)),
  ))
  const paid = await Promise.all(payees.map(({ address }) => freeBalance(api, address)))

  const failure = (call, voters = members) => act(api, dao, voters, call).then(() => 'done', (error) => error.message)
  const asRoot = await failure(api.tx.system.setStorage([['0x726f6f74', '0x01']]))
  const price = await failure(api.tx.parameters.setParameter({ Storage: { RecordDeposit: [null, 1n] } }))
  const lonely = await failure(api.tx.system.remark('0x01'), [alice])
  const outsider = await send(api, api.tx.dao.propose(id, api.tx.system.remark('0x02'), null), ferdie).then(() => 'done', (error) => error.message)
  const written = (await api.rpc.state.getStorage('0x726f6f74')).toHex()
  return { earned, paid, asRoot, price, lonely, outsider, written }
}

await finish(async () => {
  const chain = await connect(url)
  const said = what === 'begin' ? await begin(chain, rest[0]) : await goOn(chain, Number(rest[0]), Number(rest[1]))
  await chain.api.disconnect()
  return said
})
