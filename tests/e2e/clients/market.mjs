// The market through polkadot.js, with no custom types: `market.mjs URL MODE ARGUMENT…`.
//   sell LISTING COUNT          buys a listing so many times, by several accounts
//   audit ASSET…                everything that vaults, holders and accounts have, in one block
//   deliver LICENCE BOX SECRET  delivers a box, whatever is in it
//   bad PARENT                  what the chain refuses about links and sales, and why
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'

const [url, mode, ...words] = process.argv.slice(2)
const PAGE = 256

await finish(async () => {
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  const ring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 })
  const result = await { sell, audit, deliver, bad }[mode](api, ring, ...words)
  await api.disconnect()
  return result
})

function found(events, section, method) {
  return events.filter((event) => event.section === section && event.method === method)
}

async function total(api, address) {
  const { free, reserved } = (await api.query.system.account(address)).data
  return free.toBigInt() + reserved.toBigInt()
}

async function sell(api, ring, listing, count) {
  const buyers = ['Alice', 'Charlie', 'Dave', 'Eve', 'Ferdie'].map((name) => ring.addFromUri(`//${name}`))
  const offer = (await api.call.marketplaceApi.listing(listing)).unwrap()
  const each = Number(count) / buyers.length
  return Promise.all(buyers.map(async (buyer) => {
    const before = await total(api, buyer.address)
    let [price, fees, licences] = [0n, 0n, []]
    for (let bought = 0; bought < each; bought += 1) {
      const events = await send(api, api.tx.marketplace.buy(listing, offer.version, offer.offer.price, null), buyer)
      fees += found(events, 'transactionPayment', 'TransactionFeePaid')[0].data.actualFee.toBigInt()
      const sold = found(events, 'marketplace', 'Sold')[0].data
      price += sold.price.toBigInt()
      licences.push(sold.licence.toString())
    }
    const asset = offer.asset
    const commit = (await api.call.assetRegistryApi.revisions(asset, 0, 1))[0].commit
    const reads = (await api.call.marketplaceApi.canRead(buyer.address, asset, commit)).isTrue
    return { buyer: buyer.address, price, fees, licences, reads, spent: before - await total(api, buyer.address) }
  }))
}

async function pages(next, key) {
  const all = []
  for (;;) {
    const page = await next(all.length > 0 ? key(all[all.length - 1]) : null)
    if (page.length === 0) return all
    all.push(...page)
  }
}

async function audit(api, _ring, ...assets) {
  const at = await api.at(await api.rpc.chain.getFinalizedHead())
  const royalties = at.call.royaltiesApi
  const vaults = {}
  for (const asset of assets) {
    const vault = (await royalties.vault(asset)).unwrap()
    const holders = await pages((after) => royalties.holders(asset, after, PAGE), (holder) => holder.account)
    const names = ['outside', 'downstream', 'forwarded', 'claimed', 'dueUpstream', 'dueHolders', 'balance']
    vaults[asset] = {
      ...Object.fromEntries(names.map((name) => [name, vault[name].toBigInt()])),
      holders: holders.map(({ account, shares, due }) => [account.toHex(), shares.toNumber(), due.toBigInt()]),
    }
  }
  const accounts = {}
  for (const [key, { data }] of await at.query.system.account.entries()) {
    accounts[key.args[0].toHex()] = data.free.toBigInt() + data.reserved.toBigInt()
  }
  const issuance = (await at.query.balances.totalIssuance()).toBigInt()
  return { vaults, accounts, issuance, minimum: api.consts.balances.existentialDeposit.toBigInt() }
}

async function deliver(api, ring, licence, box, secret) {
  const events = await send(api, api.tx.marketplace.deliverKey(licence, box), ring.addFromUri(secret))
  return { disputable: found(events, 'marketplace', 'KeyDelivered')[0].data.disputable.toNumber() }
}

// The parent is open and Bob's; what is made here is Bob's too.
async function bad(api, ring, parent, namespace) {
  const bob = ring.addFromUri('//Bob')
  const tried = {}
  const attempt = async (what, call, signer = bob) => {
    tried[what] = await send(api, call, signer).then(() => 'done', (error) => error.message)
  }
  const make = async (count, prefix) => {
    const calls = [...Array(count).keys()].map((number) =>
      api.tx.assetRegistry.createAsset(namespace, `${prefix}-${number}`, 'Model', '', 'Public'))
    const events = await send(api, api.tx.utility.batchAll(calls), bob)
    return found(events, 'assetRegistry', 'AssetCreated').map((event) => event.data.asset)
  }
  const { royalties, marketplace, utility } = api.tx
  const absolute = (percent) => ({ Absolute: percent * 10_000 })
  const relative = (percent) => ({ Relative: percent * 10_000 })
  const whole = 1_000_000

  const parents = await make(17, 'parent')
  await send(api, utility.batchAll(parents.map((asset) => royalties.open(asset, bob.address))), bob)
  const [many, heavy, self, late, other, closed] = await make(6, 'child')
  const sixteen = parents.slice(0, 16).map((asset) => royalties.linkParent(many, asset, relative(1), whole))
  await send(api, utility.batchAll(sixteen), bob)
  await attempt('17 parents', royalties.linkParent(many, parents[16], relative(1), whole))
  await send(api, royalties.linkParent(heavy, parents[0], absolute(60), whole), bob)
  await attempt('a stack over 100 %', royalties.linkParent(heavy, parents[1], relative(41), whole))
  await attempt('more than the child accepts', royalties.linkParent(heavy, parents[1], relative(10), 690_000))
  await attempt('a parent twice', royalties.linkParent(heavy, parents[0], relative(1), whole))
  await attempt('self-parent', royalties.linkParent(self, self, relative(1), whole))
  await send(api, royalties.open(late, bob.address), bob)
  await attempt('linking after opening', royalties.linkParent(late, parents[0], relative(1), whole))
  await send(api, royalties.linkParent(other, late, relative(1), whole), bob)
  await send(api, royalties.open(other, bob.address), bob)
  await attempt('a cycle by later linking', royalties.linkParent(late, other, relative(1), whole))
  await attempt('a parent that is not open', royalties.linkParent(self, closed, relative(1), whole))
  await attempt("a stranger's link", royalties.linkParent(self, parent, relative(1), whole), ring.addFromUri('//Dave'))
  const upstream = (await api.call.royaltiesApi.upstream(heavy)).unwrap()
  check(upstream.stack.length === 1, `what was refused changed the stack: ${upstream}`)

  const offer = { terms: 'Perpetual', price: 1_000_000, supply: null, revision: null, sealed: false, refund: 0, notice: null, until: null }
  const now = (await api.rpc.chain.getHeader()).number.toNumber()
  await attempt('zero supply', marketplace.list(late, { ...offer, supply: 0 }))
  await attempt('zero price', marketplace.list(late, { ...offer, price: 0 }))
  await attempt('a time that is over', marketplace.list(late, { ...offer, until: now - 1 }))
  await attempt('an asset that is not open', marketplace.list(closed, offer))
  await attempt('a key that was not committed', marketplace.list(late, { ...offer, sealed: true }))
  const listed = await send(api, marketplace.list(late, { ...offer, supply: 1 }), bob)
  const { listing } = found(listed, 'marketplace', 'Listed')[0].data
  const dave = ring.addFromUri('//Dave')
  const before = await total(api, dave.address)
  await attempt('above the guard', marketplace.buy(listing, 0, 999_999, null), dave)
  await attempt('another version', marketplace.buy(listing, 1, 1_000_000, null), dave)
  await attempt('a key where none is sold', marketplace.buy(listing, 0, 1_000_000, '0x' + '09'.repeat(32)), dave)
  await send(api, marketplace.buy(listing, 0, 1_000_000, null), ring.addFromUri('//Eve'))
  await attempt('sold out', marketplace.buy(listing, 0, 1_000_000, null), dave)
  const last = (await api.rpc.chain.getHeader()).number.toNumber() + 3
  await send(api, marketplace.updateListing(listing, 1_000_000, null, last), bob)
  await new Promise((resolve, reject) => {
    api.rpc.chain.subscribeNewHeads((head) => head.number.toNumber() > last && resolve()).catch(reject)
  })
  await attempt('an expired listing', marketplace.buy(listing, 1, 1_000_000, null), dave)
  const lost = before - await total(api, dave.address)
  return { tried, lost }
}
