// Registers a namespace and reads the registry with PAPI, without generated types: `papi.mjs URL NAMESPACE ASSET`.
// ASSET is the `owner/name` of an asset that exists.
import { Keyring } from '@polkadot/keyring'
import { Binary, createClient } from 'polkadot-api'
import { getPolkadotSigner } from 'polkadot-api/signer'
import { getWsProvider } from 'polkadot-api/ws'
import { check, finish } from './report.mjs'

const [url, namespace, asset] = process.argv.slice(2)
const bytes = Binary.fromText

await finish(async () => {
  const client = createClient(getWsProvider(url))
  const api = client.getUnsafeApi()
  const pair = new Keyring({ type: 'sr25519' }).addFromUri('//Charlie')
  const signer = getPolkadotSigner(pair.publicKey, 'Sr25519', (message) => pair.sign(message))

  const result = await api.tx.AssetRegistry.register_namespace({ name: bytes(namespace) }).signAndSubmit(signer)
  check(result.ok, `the namespace is registered: ${result.dispatchError?.type}`)
  const events = result.events.filter((event) => event.type === 'AssetRegistry').map((event) => event.value.type)
  check(events.includes('NamespaceRegistered'), `the events are ${events}`)

  const byView = await api.view.AssetRegistry.namespace(bytes(namespace))
  check(Binary.toText(byView.name) === namespace, `the view function says ${Binary.toText(byView.name)}`)
  check(byView.owner === pair.address, `the view function says ${byView.owner}`)
  const viewed = await api.view.AssetRegistry.asset(bytes(asset))
  const called = await api.apis.AssetRegistryApi.asset(bytes(asset.toUpperCase()))
  check(viewed.id === called.id, 'view function and runtime API agree')
  const revision = await api.view.AssetRegistry.resolve(bytes(asset), bytes('main'))
  check(revision.access.type === 'Public', `the piece is ${revision.access.type}`)
  const prefix = await api.constants.System.SS58Prefix()
  client.destroy()
  return { events, asset: viewed.id, block: result.block.number, prefix }
})
