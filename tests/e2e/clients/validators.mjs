// Changes the validators by a referendum, with polkadot.js: `validators.mjs URL add KEYS PROOF` makes Eve one, who sets
// the keys of her node; `validators.mjs URL remove` ends that. Waits until the session has changed.
import { send } from './registry.mjs'
import { finish } from './report.mjs'
import { connect, pass, propose, until } from './referenda.mjs'

const [url, what, keys, proof] = process.argv.slice(2)
// A set is planned a session ahead.
const SESSIONS = 120

await finish(async () => {
  const { api, alice, bob, charlie, dave, eve } = await connect(url)
  const adding = what === 'add'
  if (adding) await send(api, api.tx.session.setKeys(keys, proof), eve)
  const call = adding ? api.tx.validatorSet.add(eve.address) : api.tx.validatorSet.remove(eve.address)
  await pass(api, [await propose(api, alice, 'ValidatorAdmin', call)], [alice, bob, charlie, dave])
  const before = (await api.query.session.currentIndex()).toNumber()
  const validators = async () => (await api.query.session.validators()).map((account) => account.toString())
  const isOne = async () => (await validators()).includes(eve.address)
  await until(api, `the session changed`, async () => await isOne() === adding, SESSIONS)

  let authored = null
  if (adding) {
    authored = await until(api, 'a block of hers', async (head) => {
      const { author } = await api.derive.chain.getHeader(head.hash)
      return author?.toString() === eve.address && head.number.toNumber()
    }, SESSIONS)
  }
  const result = {
    sessions: (await api.query.session.currentIndex()).toNumber() - before, validators: (await validators()).length, authored,
  }
  await api.disconnect()
  return result
})
