"""A network decides by referenda: prices, spends, moderation, validators, and the runtime itself."""

from __future__ import annotations

import os
import pathlib

import pytest

from consortium.launch import (
    ACCOUNTS,
    SESSION_CHANGE,
    START,
    agree,
    assert_no_double_vote,
    grandpa_set,
    wait_for_finality,
)
from harness import PROGRAMS, STOA_CACHE, TOP, run
from registry import is_served, publish


def test_referenda_change_prices_spend_and_moderate(validators, clients, make_folder):
    first, second, *_ = validators
    published = publish(first, make_folder({"weights.bin": 100_000}), "alice/disputed")
    second.rpc("content_fetch", f"{published.revision.root}:{published.revision.size}", timeout=60)
    second.wait_for("it serves the piece too", lambda: is_served(second, published.revision))

    said = clients.js("governance.mjs", first.rpc_url, published.revision.asset, seconds=400)

    # What the network's file says, from the first block on.
    assert said["genesisPrice"] == "20000000000"
    assert said["deposit"] == "7000000000"
    assert said["paid"] == "100"
    assert said["mark"] == "0x01"
    assert said["unreadable"] == 1
    assert said["tracks"] == [
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


def test_validator_is_voted_in_authors_votes_and_is_voted_out(consortium, validators, clients):
    first, *_, last = validators
    eve = consortium.node("eve", "--validator").start(START)
    eve.wait_for("the chain", lambda: eve.finalized() >= first.finalized() > 0)
    made = eve.rpc("author_rotateKeysWithOwner", "0x" + ACCOUNTS["eve"])

    said = clients.js("validators.mjs", first.rpc_url, "add", made["keys"], made["proof"], seconds=400)

    assert said["validators"] == 5
    assert 1 <= said["sessions"] <= 2
    assert said["authored"] > 0
    # Four of five must vote on finality, so without one of the old ones it needs the new one.
    first.wait_for("a set of five", lambda: grandpa_set(first) == (5, 4), SESSION_CHANGE)
    last.process.kill()
    left = [*validators[:-1], eve]
    wait_for_finality(left, 3, 90)

    last.start()
    wait_for_finality([*validators, eve])
    said = clients.js("validators.mjs", first.rpc_url, "remove", seconds=400)
    assert said["validators"] == 4
    first.wait_for("a set of four", lambda: grandpa_set(first) == (4, 3), SESSION_CHANGE)
    # It follows, and is no longer needed.
    wait_for_finality([*validators, eve])
    eve.process.kill()
    wait_for_finality(validators)
    agree(validators)
    assert_no_double_vote(validators)


@pytest.fixture
def next_runtime() -> pathlib.Path:
    """The same runtime with a higher `spec_version`."""
    env = os.environ | {"STOA_CACHE": str(STOA_CACHE), "CARGO_TARGET_DIR": str(PROGRAMS.parent)}
    return pathlib.Path(run([TOP / "scripts/next-runtime.sh"], seconds=1800, env=env).strip().splitlines()[-1])


def test_runtime_is_upgraded_by_whitelist_and_referendum(validators, clients, next_runtime):
    first, *_ = validators
    said = clients.js("upgrade.mjs", first.rpc_url, next_runtime, seconds=400)

    assert said["version"] == said["noted"] == said["before"] + 1
    wait_for_finality(validators)
    for node in validators:
        assert node.rpc("state_getRuntimeVersion")["specVersion"] == said["version"]
        node.assert_answers()
