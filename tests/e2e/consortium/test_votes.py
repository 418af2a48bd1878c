"""An account's first vote on a referendum costs no fee, with clients that know nothing of it, and floods of such votes wait."""

from __future__ import annotations


def test_first_vote_is_free_and_all_others_are_charged(validators, clients):
    node = validators[0]
    said = clients.js("votes.mjs", node.rpc_url, seconds=180)

    assert said["first"] == {"cost": "0", "waived": True}
    assert int(said["quoted"]) == 0
    # A changed vote, one that was removed and cast again, one in a batch, and one below the minimum.
    for name in ("second", "removed", "again", "batched", "other"):
        assert int(said[name]["cost"]) > 0 and not said[name]["waived"], (name, said[name])
    # Whoever has nothing has no vote, free or not; and there is no free vote on nothing.
    assert said["empty"] != "taken" and said["over"] != "taken", said

    poll = str(said["poll"])
    costs = clients.js("papi-vote.mjs", node.rpc_url, poll, seconds=120)["costs"]
    assert int(costs[0]) == 0
    assert int(costs[1]) > 0


def test_flood_of_free_votes_crowds_out_nobody_who_pays(validators, clients):
    node = validators[0]
    said = clients.js("flood.mjs", node.rpc_url, seconds=300)

    assert said["votes"] >= 6 * said["most"]
    assert 0 < said["fullest"] <= said["most"]
    # It was sent when all votes were in the pool, and went first.
    assert said["pending"] > 0, "the flood was over before the transfer: the test shows nothing"
    assert said["waited"] <= 2
    assert said["before"] == 0
    node.assert_well()
