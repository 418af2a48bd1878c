"""`stoa vote` shows referenda and casts votes."""

from __future__ import annotations

STOA = 10**12


def test_command_line_shows_casts_and_takes_back_votes(validators, clients):
    node = validators[0]
    # It leaves two referenda behind that are ongoing.
    poll = str(clients.js("votes.mjs", node.rpc_url, seconds=180)["poll"])
    assert poll in {str(one["index"]) for one in node.cli_json("vote")["referenda"]}

    cast = node.cli_json("vote", poll, "nay", "--amount", "50", "--conviction", "2", "--yes", "--no-finality", key="//Dave")
    assert cast["free"] and cast["vote"] == {"side": "nay", "amount": str(50 * STOA), "conviction": 2}
    shown = node.cli_json("vote", poll, key="//Dave")
    assert shown["track_name"] == "small_spender" and shown["vote"] == cast["vote"]
    assert int(shown["nays"]) == 2 * 50 * STOA
    again = node.cli_json("vote", poll, "abstain", "--amount", "50", "--yes", "--no-finality", key="//Dave")
    assert not again["free"]

    node.cli("vote", poll, "withdraw", "--yes", "--no-finality", key="//Dave")
    assert node.cli_json("vote", poll, key="//Dave")["vote"] is None
    assert node.cli_fails("vote", "1000000", "aye", "--amount", "50", "--yes", key="//Dave").code == 3
    assert node.cli_fails("vote", poll, "aye", "--yes", key="//Dave").code == 2
