"""Several validators make one chain, and lose one of them."""

import pytest

from conftest import raw_specification
from harness import Node


@pytest.fixture
def validators(tmp_path):
    """The four validators of the `local` preset, each knowing the first."""
    chain = raw_specification("local", tmp_path)
    first = Node(tmp_path, "alice", chain, "--alice", "--validator")
    nodes = [first]
    try:
        first.start()
        for name in ("bob", "charlie", "dave"):
            nodes.append(Node(tmp_path, name, chain, f"--{name}", "--validator", bootnodes=(first.address,)))
            nodes[-1].launch()
        yield [node.wait_until_ready() for node in nodes]
    finally:
        for node in nodes:
            if node.process:
                node.process.kill()


def test_four_validators_finalise_and_go_on_without_one_of_them(validators):
    for node in validators:
        node.wait_for("three peers", lambda node=node: node.peers() == 3)
    for node in validators:
        node.wait_for("a finalised block", lambda node=node: node.finalized() >= 1)
    number = min(node.finalized() for node in validators)
    assert len({node.rpc("chain_getBlockHash", number) for node in validators}) == 1

    *left, lost = validators
    lost.process.kill()
    target = max(node.best() for node in left) + 1

    for node in left:
        node.wait_for(f"block {target} finalised", lambda node=node: node.finalized() >= target, 90)
    lost.start()
    lost.wait_for("what it missed", lambda: lost.finalized() >= target)
    assert lost.rpc("chain_getBlockHash", target) == left[0].rpc("chain_getBlockHash", target)
