// Votes freely with PAPI, which knows nothing of free votes: `papi-vote.mjs URL REFERENDUM`.
import { Keyring } from '@polkadot/keyring'
import { Enum, createClient } from 'polkadot-api'
import { getPolkadotSigner } from 'polkadot-api/signer'
import { getWsProvider } from 'polkadot-api/ws'
import { check, finish } from './report.mjs'

const [url, referendum] = process.argv.slice(2)

await finish(async () => {
  const client = createClient(getWsProvider(url))
  const api = client.getUnsafeApi()
  const pair = new Keyring({ type: 'sr25519' }).addFromUri('//Charlie')
  const signer = getPolkadotSigner(pair.publicKey, 'Sr25519', (message) => pair.sign(message))
  const balance = async () => (await api.query.System.Account.getValue(pair.address, { at: 'best' })).data.free
  // An aye with a conviction of one.
  const standard = { vote: 0b1000_0001, balance: 100n * 10n ** 12n }
  const call = () => api.tx.ConvictionVoting.vote({ poll_index: Number(referendum), vote: Enum('Standard', standard) })

  const costs = []
  for (let time = 0; time < 2; time++) {
    const before = await balance()
    const result = await call().signAndSubmit(signer)
    check(result.ok, `the vote counts: ${JSON.stringify(result.dispatchError)}`)
    costs.push(before - await balance())
  }
  client.destroy()
  return { costs }
})
