// Walks the registry with polkadot.js and no custom types: `polkadot.mjs URL NAMESPACE CID ROOT SIZE`.
import { ApiPromise, WsProvider } from '@polkadot/api'
import { Keyring } from '@polkadot/keyring'
import { CID } from 'multiformats/cid'
import { only, send } from './registry.mjs'
import { check, finish } from './report.mjs'

const [url, namespace, cid, root, size] = process.argv.slice(2)
const CALLS = [
  'registerNamespace', 'offerNamespace', 'acceptNamespace', 'removeNamespace', 'createAsset', 'offerAsset',
  'acceptAsset', 'setVisibility', 'setCollaborator', 'removeCollaborator', 'publishRevision', 'setRef', 'deleteRef',
  'yankRevision', 'takeDown', 'restore', 'attest', 'revokeAttestation',
]

await finish(async () => {
  const warnings = []
  const warn = console.warn
  console.warn = (...words) => warnings.push(words.join(' '))
  const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true })
  console.warn = warn

  const calls = Object.keys(api.tx.assetRegistry)
  const missing = CALLS.filter((call) => !calls.includes(call))
  check(missing.length === 0, `the metadata lacks ${missing}`)
  check(api.registry.chainTokens[0] === 'STOA', `the token is ${api.registry.chainTokens}`)
  check(api.registry.chainDecimals[0] === 12, `the decimals are ${api.registry.chainDecimals}`)

  const pair = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 }).addFromUri('//Bob')
  const fee = await api.tx.balances.transferKeepAlive(pair.address, 1).paymentInfo(pair)
  await send(api, api.tx.assetRegistry.registerNamespace(namespace), pair)

  const created = await send(
    api, api.tx.assetRegistry.createAsset(namespace, 'Tiny-Model', 'Model', 'apache-2.0', 'Public'), pair,
  )
  const asset = only(created, 'AssetCreated').asset

  const content = { codec: 'DagPb', digest: CID.parse(cid).multihash.digest }
  const piece = { root: `0x${root}`, size }
  const refs = [{ kind: 'Branch', name: 'main' }]
  const published = await send(
    api, api.tx.assetRegistry.publishRevision(asset, content, piece, [], 'first revision', refs), pair,
  )
  const commit = only(published, 'RevisionPublished').commit

  const batch = await send(api, api.tx.utility.batchAll([
    api.tx.assetRegistry.setRef(asset, 'Tag', 'v1', commit),
    api.tx.assetRegistry.setRef(asset, 'Branch', 'next', commit),
    api.tx.assetRegistry.attest(commit, 'Evaluated', content),
  ]), pair)
  check(batch.some((event) => event.section === 'utility' && event.method === 'BatchCompleted'), 'the batch completed')

  const registry = api.call.assetRegistryApi
  const info = (await registry.asset(`${namespace.toUpperCase()}/tiny-model`)).unwrap()
  check(info.name.toUtf8() === 'Tiny-Model', `the name keeps its case: ${info.name.toUtf8()}`)
  check(info.owner.toString() === pair.address, `the owner is ${info.owner}`)
  for (const reference of ['main', 'v1', 'next', commit.toHex().slice(2)]) {
    const revision = (await registry.resolve(`${namespace}/tiny-model`, reference)).unwrap()
    check(revision.commit.eq(commit), `${reference} resolves to ${revision.commit}`)
    check(revision.piece.root.toHex() === `0x${root}`, `the piece is ${revision.piece.root}`)
    check(revision.message.toUtf8() === 'first revision', `the message is ${revision.message}`)
  }
  const names = (await registry.refs(asset, null, 10)).map((ref) => ref.name.toUtf8())
  const unknown = await registry.asset(`${namespace}/no-such-model`)
  check(unknown.isNone, 'an unknown name is None')
  const lineage = await registry.ancestors(commit, 0, 10)
  check(lineage.length === 0, `a first revision has no ancestors: ${lineage}`)

  // The wrong account is refused with the registry's own error.
  const stranger = new Keyring({ type: 'sr25519' }).addFromUri('//Dave')
  const refused = await send(api, api.tx.assetRegistry.yankRevision(commit), stranger).then(() => null, (error) => error.message)
  check(refused?.startsWith('assetRegistry.NotPermitted'), `a stranger's call gives ${refused}`)

  const header = await api.rpc.chain.getHeader()
  const author = (await api.derive.chain.getHeader(header.hash)).author
  await api.disconnect()
  return {
    asset: asset.toString(), commit: commit.toHex().slice(2), names, warnings, refused,
    fee: fee.partialFee.toString(), author: author?.toString(), specName: api.runtimeVersion.specName.toString(),
  }
})
