"""Validators are killed and cut off: nothing is finalised twice, and the chain goes on."""

from __future__ import annotations

import os
import random
import time

import pytest

from consortium.launch import START, agree, assert_no_double_vote, wait_for_finality
from harness import Node

ROUNDS = int(os.environ.get("STOA_ROUNDS", 4))
# Seconds in which a validator that answers again has what it missed.
CATCH_UP = 30


@pytest.fixture
def load(validators, clients):
    """Transfers, all the time."""
    process = clients.start_js("load.mjs", validators[0].rpc_url)
    validators[0].wait_for("transfers", lambda: process.log.read_text().count("sent") > 1)
    yield process
    process.check_running()
    process.kill()


def catch_up(nodes: list[Node], target: int) -> float:
    """Starts nodes again, and gives the most seconds from an answer of one to a finalised block."""
    for node in nodes:
        node.launch()
    slowest = 0.0
    for node in nodes:
        node.wait_until_ready(START)
        began = time.monotonic()
        node.wait_for(f"block {target} finalised", lambda node=node: node.finalized() >= target, CATCH_UP)
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def test_validators_killed_under_load_vote_once_and_catch_up(validators, load):
    first, second, third, fourth = validators
    slowest = 0.0
    for number in range(ROUNDS):
        # Without one of four, finality goes on. Without two it waits in a round that stays open, which is where those that
        # come back could vote for something else.
        killed = random.sample([second, third, fourth], 1 + number % 2)
        left = [node for node in validators if node not in killed]
        # Where in a slot and in a round the kill falls is left to chance.
        time.sleep(random.uniform(0, 2))
        for node in killed:
            node.process.kill()
        if len(killed) == 1:
            target = wait_for_finality(left)
        else:
            for node in left:
                node.wait_for_blocks(2)
            target = max(node.best() for node in left)
        slowest = max(slowest, catch_up(killed, target))
        wait_for_finality(validators)
        assert_no_double_vote(validators)
    print(f"{ROUNDS} rounds; the slowest was back after {slowest:.1f} s")


def test_all_validators_killed_at_once_go_on(validators):
    before = min(node.finalized() for node in validators)
    hashes = {node.rpc("chain_getBlockHash", before) for node in validators}
    assert len(hashes) == 1
    for node in validators:
        node.process.kill()

    for node in validators:
        node.launch()
    for node in validators:
        node.wait_until_ready(START)

    wait_for_finality(validators)
    assert {node.rpc("chain_getBlockHash", before) for node in validators} == hashes
    agree(validators)
    assert_no_double_vote(validators)
