"""A network decides by referenda: prices, spends, moderation, and what its technical committee calls sound."""

from test_network import validators  # noqa: F401

from registry import is_served, publish


def test_referenda_change_prices_spend_and_moderate(validators, clients, make_folder):  # noqa: F811
    for node in validators:
        node.wait_for("three peers", lambda node=node: node.peers() == 3)
    first, second, *_ = validators
    published = publish(first, make_folder({"weights.bin": 100_000}), "alice/disputed")
    second.rpc("content_fetch", f"{published.revision.root}:{published.revision.size}", timeout=60)
    second.wait_for("it serves the piece too", lambda: is_served(second, published.revision))

    said = clients.js("governance.mjs", first.rpc_url, published.revision.asset, seconds=400)

    assert said["paid"] == "100"
    assert said["mark"] == "0x01"
    assert said["deposit"] == "7000000000"
    assert [name for _, name in said["tracks"]] == [
        "root",
        "whitelisted_caller",
        "validator_admin",
        "hub_parameters",
        "moderation",
        "treasurer",
        "small_spender",
    ]
    for node in validators:
        node.wait_for("nobody serves it", lambda node=node: not is_served(node, published.revision))
