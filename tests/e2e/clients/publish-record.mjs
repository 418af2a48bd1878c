// Puts a revision on the chain whatever the bytes are: `publish-record.mjs URL SECRET OWNER/NAME CID ROOT SIZE`.
// The namespace and the asset are made when they don't exist. This is how a publisher lies about content.
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { CID } from 'multiformats/cid'
import { check, finish } from './report.mjs'
import { only, send } from './registry.mjs'

const [url, secret, target, cid, root, size] = process.argv.slice(2)

await finish(async () => {
  const [namespace, name] = target.split('/')
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  const pair = new Keyring({ type: 'sr25519' }).addFromUri(secret)
  const { assetRegistry } = api.tx
  if ((await api.call.assetRegistryApi.namespace(namespace)).isNone) {
    await send(api, assetRegistry.registerNamespace(namespace), pair)
  }
  let asset = (await api.call.assetRegistryApi.asset(target)).unwrapOr(null)?.id
  if (asset === undefined) {
    const events = await send(api, assetRegistry.createAsset(namespace, name, 'Model', '', 'Public'), pair)
    asset = only(events, 'AssetCreated').asset
  }
  const parsed = CID.parse(cid)
  const content = { codec: parsed.code === 0x70 ? 'DagPb' : 'Raw', digest: parsed.multihash.digest }
  const refs = [{ kind: 'Branch', name: 'main' }]
  const call = assetRegistry.publishRevision(asset, content, { root: `0x${root}`, size }, [], '', refs)
  const commit = only(await send(api, call, pair), 'RevisionPublished').commit.toHex().slice(2)
  check(commit.length === 40, `the commit id is ${commit}`)
  await api.disconnect()
  return { commit }
})
