"""A network is cut in two halves: neither finalises alone, and they agree again when they meet.

Each validator runs in a network namespace, whose links to the others hang on one of two bridges; a cable between the bridges
is what is cut. A second link leads to the tests, which watch both halves all the time.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time

import pytest

from consortium.launch import LOG_VOTES, START, VALIDATORS, agree, assert_no_double_vote, specification, wait_for_finality
from harness import Node

# Seconds for which the network is cut, and in which it must have healed. TCP asks a lost peer again after some 12, 25 and 51
# seconds: a cut that ends shortly before one of these shows what the nodes need, not what TCP does.
CUT = 22
HEALED = 30
# What names and addresses of ours begin with.
NAME = f"st{os.getpid() % 10_000}"
NET = "10.213"


def ip(*arguments: object) -> None:
    command = ["ip", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def why_not() -> str | None:
    """Why this machine can't make network namespaces; `None` when it can."""
    try:
        ip("netns", "add", f"{NAME}-try")
        ip("netns", "del", f"{NAME}-try")
        ip("link", "add", f"{NAME}t", "type", "bridge")
        ip("link", "del", f"{NAME}t")
    except OSError as error:
        return str(error)
    return None


class Boxed(Node):
    """A node in a network namespace of its own, with one link to its half and one to the tests."""

    def __init__(self, number: int, *arguments, **options):
        super().__init__(*arguments, **options)
        self.box, self.host, self.peers_host = f"{NAME}-{number}", f"{NET}.{number}.2", f"{NET}.0.{number}"
        self.prefix = ("ip", "netns", "exec", self.box)
        # Without a filter, because it is asked for by its address in the box.
        self.flags += ("--unsafe-rpc-external", "--rpc-cors", "all", "--gateway-addr", self.host)
        self.flags += ("--allow-private-ip", "--discover-local")
        half = "a" if number <= 2 else "b"
        ip("netns", "add", self.box)
        ip("-n", self.box, "link", "set", "lo", "up")
        for link, inside, address in (
            (f"{NAME}p{number}", "peers", f"{self.peers_host}/24"),
            (f"{NAME}w{number}", "watch", f"{self.host}/30"),
        ):
            ip("link", "add", link, "type", "veth", "peer", "name", inside, "netns", self.box)
            ip("-n", self.box, "address", "add", address, "dev", inside)
            ip("-n", self.box, "link", "set", inside, "up")
            ip("link", "set", link, "up")
        ip("link", "set", f"{NAME}p{number}", "master", f"{NAME}{half}")
        ip("address", "add", f"{NET}.{number}.1/30", "dev", f"{NAME}w{number}")


def clear() -> None:
    """Removes what this run made of namespaces and links; those in a namespace go with it."""
    for number in range(1, len(VALIDATORS) + 1):
        with contextlib.suppress(OSError):
            ip("netns", "del", f"{NAME}-{number}")
    for link in (f"{NAME}ca", f"{NAME}a", f"{NAME}b"):
        with contextlib.suppress(OSError):
            ip("link", "del", link)


@pytest.fixture
def boxed(tmp_path):
    """Four validators in boxes, two on each bridge."""
    if reason := why_not():
        pytest.skip(f"this machine can't make network namespaces: {reason}")
    chain = specification(tmp_path)
    nodes: list[Node] = []
    try:
        ip("link", "add", f"{NAME}ca", "type", "veth", "peer", "name", f"{NAME}cb")
        for half in "ab":
            ip("link", "add", f"{NAME}{half}", "type", "bridge")
            ip("link", "set", f"{NAME}c{half}", "master", f"{NAME}{half}")
            ip("link", "set", f"{NAME}c{half}", "up")
            ip("link", "set", f"{NAME}{half}", "up")
        for number, name in enumerate(VALIDATORS, 1):
            bootnodes = tuple(node.address for node in nodes)
            flags = (f"--{name}", "--validator", LOG_VOTES)
            nodes.append(Boxed(number, tmp_path, name, chain, *flags, bootnodes=bootnodes))
            nodes[-1].start(START)
        yield nodes
    finally:
        for node in nodes:
            if node.process:
                node.process.kill()
        clear()


def test_halves_of_a_network_finalise_nothing_alone_and_agree_when_they_meet(boxed):
    for node in boxed:
        node.wait_for("three peers", lambda node=node: node.peers() == 3)
    wait_for_finality(boxed)

    ip("link", "set", f"{NAME}ca", "down")
    # What was on its way may still be finalised; from then on nothing is.
    time.sleep(CUT / 3)
    stood = [node.finalized() for node in boxed]
    best = [node.best() for node in boxed]
    time.sleep(CUT * 2 / 3)
    assert [node.finalized() for node in boxed] == stood, "a half of the network finalised alone"
    assert all(node.best() > height for node, height in zip(boxed, best, strict=True)), "a half makes no blocks"
    # Heads may differ for a moment; what lies below them is settled in each half.
    fork = min(node.best() for node in boxed) - 2
    branches = [node.rpc("chain_getBlockHash", fork) for node in boxed]
    assert branches[0] == branches[1] and branches[2] == branches[3], "a half doesn't agree with itself"
    assert branches[0] != branches[2], "the halves were never apart"

    ip("link", "set", f"{NAME}ca", "up")
    began = time.monotonic()
    target = max(node.best() for node in boxed)
    for node in boxed:
        left = HEALED - (time.monotonic() - began)
        node.wait_for(f"block {target} finalised", lambda node=node: node.finalized() >= target, left)
    print(f"healed after {time.monotonic() - began:.1f} s, {target - max(stood)} blocks later")
    agree(boxed)
    assert_no_double_vote(boxed)
