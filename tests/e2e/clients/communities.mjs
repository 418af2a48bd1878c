// Communities (pallet-dao) through polkadot.js.
import { send } from './registry.mjs'
import { check } from './report.mjs'
import { until } from './referenda.mjs'

// The quickest rules: as few blocks to vote in as may be, and no delay. `quorum` and `approval` are in millionths.
export function rules(api, { quorum = 500_000, shares = 0 } = {}) {
  const period = api.consts.dao.minPeriod.toNumber()
  return {
    quorum, approval: 500_000, votingPeriod: period, executionDelay: 0, executionPeriod: 100, proposalShares: shares,
  }
}

const only = (events, method) => events.find((event) => event.section === 'dao' && event.method === method)?.data

export async function found(api, creator, name, founders, rules) {
  const { dao, account } = only(await send(api, api.tx.dao.create(name, founders, rules), creator), 'Created')
  return { id: dao.toNumber(), account: account.toString() }
}

// The first voter proposes, all vote for it, and anybody executes it. Gives the proposal's number.
export async function act(api, dao, voters, call) {
  const [proposer, ...others] = voters
  const { proposal, ends } = only(await send(api, api.tx.dao.propose(dao.id, call, null), proposer), 'Proposed')
  await Promise.all(others.map((voter) => send(api, api.tx.dao.vote(proposal, true, null), voter)))
  await until(api, 'the poll ended', (head) => head.number.toNumber() >= ends.toNumber())
  const { weight } = (await api.call.transactionPaymentCallApi.queryCallInfo(call, call.method.encodedLength))
  const executed = only(await send(api, api.tx.dao.execute(proposal, weight), proposer), 'Executed')
  check(executed !== undefined, `proposal ${proposal} was executed`)
  return proposal.toNumber()
}
