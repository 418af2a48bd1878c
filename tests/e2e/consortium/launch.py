"""Launches a network of four validators from a file, as its members would, with periods of a few blocks."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Sequence

from harness import Node, program, run

BLOCK_SECONDS = 2
EPOCH_SECONDS = 20
# Most seconds until a vote on the validators shows: a set is planned a session ahead.
SESSION_CHANGE = 4 * EPOCH_SECONDS
RECORD_DEPOSIT = "0.02"
VALIDATORS = ("alice", "bob", "charlie", "dave")
# Seconds in which a node answers: all of them compile the runtime at once.
START = 180
# What a node needs for `votes_cast` to read its log.
LOG_VOTES = "-lgrandpa=debug"

# The well-known accounts: what holds money and authors blocks (sr25519), and what votes on finality (ed25519).
ACCOUNTS = {
    "alice": "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d",
    "bob": "8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48",
    "charlie": "90b5ab205c6974c9ea841be688864633dc9ca8a357843eeacf2314649965fe22",
    "dave": "306721211d5404bd9da88e0204360a1a9ab8b87c66c1bc2fcdd37f3c2222cc20",
    "eve": "e659a7a1628cdd93febc04a4e0646ea20e9f5f0ce097d9a05290d4a9e054df4e",
    "ferdie": "1cbd2d43530a44705ad088af313e18f80b53ef16b36177cd4b77b846f2a5f07c",
}
VOTES = {
    "alice": "88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee",
    "bob": "d17c2d7823ebf260fd138f2d7e27d114c0145d968b5ff5006125f2414fadae69",
    "charlie": "439660b36c6c03afafca027b910b4fecf99801834c62a5e6006f27d978de234f",
    "dave": "5e639b43e0052c47447dac87d6fd2b6ec50bdd4d0f614e4299c665249bbd09d9",
}
# A node's log: where it begins, which vote it decides on, and what it then tells its peers.
STARTED = re.compile(r"Chain specification:")
CAST = re.compile(r"(?:Casting (?P<kind>prevote|precommit)|Sending primary block hint) for round (?P<round>\d+)")
SENT = re.compile(r"Announcing block (?P<block>\S+) to peers which we voted on in round (?P<round>\d+) in set (?P<set>\d+)")
TRACKS = ("root", "whitelisted_caller", "validator_admin", "hub_parameters", "moderation", "treasurer", "small_spender")


def configuration() -> str:
    """The network's file. Its supply is 10,000,000, of which the treasury has a tenth."""
    tables = [
        '[network]\nname = "Stoa Test Consortium"\nid = "stoa-test-consortium"\nkind = "local"',
        '[token]\nsymbol = "STOA"\nsupply = 10_000_000',
        f'[timing]\nblock_time = "{BLOCK_SECONDS}s"\nepoch = "{EPOCH_SECONDS}s"',
        "[governance]\nminimum_validators = 4",
        "[governance.pace]\nsubmission_deposit = 1\nundeciding_timeout = \"5m\"\nvote_locking_period = \"10s\"\n"
        'motion_duration = "5m"\nspend_period = "20s"\npayout_period = "1h"',
        f'[parameters.storage]\nrecord_deposit = "{RECORD_DEPOSIT}"',
    ]
    for track in TRACKS:
        tables.append(
            f"[governance.tracks.{track}]\ndecision_deposit = 1\nprepare_period = \"2s\"\n"
            'decision_period = "2m"\nconfirm_period = "4s"\nmin_enactment_period = "2s"'
        )
    for number, name in enumerate(VALIDATORS):
        account = "0x" + ACCOUNTS[name]
        tables.append(
            f'[[members]]\nname = "{name}"\naccount = "{account}"\nbalance = 2_000_000\ncommittee = {str(number < 3).lower()}'
        )
        keys = f'{{ grandpa = "0x{VOTES[name]}", babe = "{account}", authority_discovery = "{account}" }}'
        tables.append(
            f'[[nodes]]\nname = "{name}"\nmember = "{name}"\nrole = "validator"\nbootnode = {str(number == 0).lower()}\n'
            f'addresses = ["/ip4/127.0.0.1/tcp/{30433 + number}"]\nsession_keys = {keys}\n'
            f"ports = {{ rpc = {9950 + number}, prometheus = {9620 + number}, gateway = {8090 + number} }}"
        )
    for name in ("eve", "ferdie"):
        tables.append(f'[[endowments]]\naccount = "0x{ACCOUNTS[name]}"\nbalance = 500_000')
    return "\n\n".join(tables) + "\n"


def specification(folder: pathlib.Path) -> pathlib.Path:
    """The raw chain specification that `network init` makes of the file. It names no bootnodes: the tests' ports are free ones."""
    file = folder / "consortium.toml"
    file.write_text(configuration())
    passwords = folder / "passwords"
    passwords.write_text("".join(f"{name} a long enough password\n" for name in VALIDATORS))
    run([program("stoa-node"), "network", "init", file, "--out", folder / "launched", "--passwords", passwords])
    spec = json.loads((folder / "launched/chain-spec.raw.json").read_text())
    spec["bootNodes"] = []
    path = folder / "chain-spec.raw.json"
    path.write_text(json.dumps(spec))
    return path


class Consortium:
    """The validators of such a network, and nodes that join it."""

    def __init__(self, root: pathlib.Path):
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.chain = root, specification(root)
        self.validators: list[Node] = []
        self.joined: list[Node] = []

    def start(self) -> Consortium:
        first = Node(self.root, VALIDATORS[0], self.chain, f"--{VALIDATORS[0]}", "--validator", LOG_VOTES)
        self.validators.append(first)
        first.start(START)
        for name in VALIDATORS[1:]:
            node = Node(self.root, name, self.chain, f"--{name}", "--validator", LOG_VOTES, bootnodes=(first.address,))
            self.validators.append(node)
            node.launch()
        for node in self.validators:
            node.wait_until_ready(START)
        for node in self.validators:
            node.wait_for("three peers", lambda node=node: node.peers() >= len(VALIDATORS) - 1)
        wait_for_finality(self.validators, 1)
        return self

    def node(self, name: str, *flags: str) -> Node:
        """A node that joins; it isn't started."""
        bootnodes = tuple(node.address for node in self.validators[:2])
        node = Node(self.root, name, self.chain, *flags, bootnodes=bootnodes)
        self.joined.append(node)
        return node

    def stop(self) -> None:
        for node in self.validators + self.joined:
            if node.process:
                node.process.kill()


def wait_for_finality(nodes: Sequence[Node], more: int = 2, seconds: float = 60) -> int:
    """Waits until all of the nodes have finalised more blocks than any has now, and that they are the same."""
    target = max(node.best() for node in nodes) + more
    for node in nodes:
        node.wait_for(f"block {target} finalised", lambda node=node: node.finalized() >= target, seconds)
    agree(nodes)
    return target


def agree(nodes: Sequence[Node]) -> None:
    """No two nodes have finalised different blocks, as far as both have got."""
    number = min(node.finalized() for node in nodes)
    for height in {number, max(0, number - 10)}:
        assert len({node.rpc("chain_getBlockHash", height) for node in nodes}) == 1, f"two branches at block {height}"


def grandpa_set(node: Node) -> tuple[int, int]:
    """How many validators vote on finality, and how many of them must."""
    best = node.rpc("grandpa_roundState")["best"]
    return best["totalWeight"], best["thresholdWeight"]


def votes_cast(node: Node) -> dict[tuple[int, int, str], set[str]]:
    """What a validator voted for on finality, by set, round and kind of vote, over all its lives."""
    cast: dict[tuple[int, int, str], set[str]] = {}
    kinds: dict[int, list[str]] = {}
    for line in node.log_text().splitlines():
        if STARTED.search(line):
            # Votes that the last life decided on and didn't send.
            kinds.clear()
        elif decided := CAST.search(line):
            kinds.setdefault(int(decided["round"]), []).append(decided["kind"] or "hint")
        elif sent := SENT.search(line):
            number = int(sent["round"])
            kind = kinds[number].pop(0)
            cast.setdefault((int(sent["set"]), number, kind), set()).add(sent["block"])
    return cast


def assert_no_double_vote(nodes: Sequence[Node]) -> None:
    """No validator has voted or authored twice: by its own log, by what the others saw, and by the chain."""
    for node in nodes:
        votes = votes_cast(node)
        assert votes, f"{node.name} hasn't voted at all"
        twice = {place: blocks for place, blocks in votes.items() if len(blocks) > 1}
        assert not twice, f"{node.name} voted for two blocks in a round: {twice}"
        seen = [line for line in node.log_text().splitlines() if "equivocat" in line.lower()]
        assert not seen, seen[:5]
    # An empty list in SCALE.
    assert nodes[0].rpc("state_call", "ValidatorSetApi_offenders", "0x") == "0x00"
