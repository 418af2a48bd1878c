// Upgrades the runtime by whitelist and referendum, with polkadot.js: `upgrade.mjs URL WASM`. Waits until blocks run the
// new code and transactions that are signed for it are in them.
import { readFile } from 'node:fs/promises'
import { zstdCompressSync } from 'node:zlib'
import { blake2AsHex } from '@polkadot/util-crypto'
import { send } from './registry.mjs'
import { check, finish } from './report.mjs'
import { connect, pass, propose, until, whitelist } from './referenda.mjs'

const [url, path] = process.argv.slice(2)
// What nodes know a compressed runtime by.
const COMPRESSED = Buffer.from([82, 188, 83, 118, 70, 219, 142, 5])

await finish(async () => {
  const { api, alice, bob, charlie, dave } = await connect(url)
  const code = Buffer.concat([COMPRESSED, zstdCompressSync(await readFile(path))])
  const before = api.runtimeVersion.specVersion.toNumber()
  const authorize = api.tx.system.authorizeUpgrade(blake2AsHex(code, 256))
  // What the committee didn't whitelist fails, whatever the voters say of it.
  await whitelist(api, [alice, bob, charlie], authorize)
  const call = api.tx.whitelist.dispatchWhitelistedCallWithPreimage(authorize.method)
  await pass(api, [await propose(api, alice, 'WhitelistedCaller', call)], [alice, bob, charlie, dave])
  check((await api.query.system.authorizedUpgrade()).isSome, 'the upgrade is authorised')

  const wrong = await send(api, api.tx.system.applyAuthorizedUpgrade('0x00'), bob).then(() => 'taken', (error) => error.message)
  check(wrong !== 'taken', 'other code is refused')
  await send(api, api.tx.system.applyAuthorizedUpgrade('0x' + code.toString('hex')), bob)
  const version = await until(api, 'a higher version', async () => {
    const version = (await api.rpc.state.getRuntimeVersion()).specVersion.toNumber()
    return version > before && version
  })
  // What the code says of itself when it runs, not what its file says.
  const noted = (await until(api, 'the new code has run', async () => {
    const last = (await api.query.system.lastRuntimeUpgrade()).unwrap()
    return last.specVersion.toNumber() > before && last
  })).specVersion.toNumber()
  await until(api, 'the client has the new version', async () => api.runtimeVersion.specVersion.toNumber() === version)
  await send(api, api.tx.system.remarkWithEvent('0x6e6577'), dave)
  await api.disconnect()
  return { before, version, noted, bytes: code.length }
})
