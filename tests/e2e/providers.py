"""A network with storage providers, and a ledger of what its accounts hold."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib

from harness import Clients, Node, program, run

STOA = 10**12
LEAF = 1024
LEAVES_PER_GIB = 2**20
SLOT_MS = 2_000
# Windows of 64 blocks, with 24 for the proof after the seed; a missed one costs enough to be worth a report.
SLASH = 20_000_000
RULES = {
    "proofs.Window": 64,
    "proofs.Response": 32,
    "proofs.MaxMisses": 2,
    "proofs.Slash": SLASH,
    "proofs.StakePerGib": 600 * STOA,
    "proofs.MinTerm": 4,
    "proofs.JailWindows": 50,
}
POLICY = """
min_price = "0.0001"
max_piece_mib = 1_024
total_gib = 10
settle_after = 0
min_reward = "0.01"
repair = {repair}
report = {report}
"""
# `System.Account` of any Substrate chain.
ACCOUNTS = "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9"
TREASURY = "5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z"


def quick_specification(folder: pathlib.Path) -> pathlib.Path:
    """The development chain with short windows."""
    export = [program("stoa-node"), "export-chain-spec", "--chain"]
    plain = json.loads(run([*export, "dev"]))
    genesis = plain["genesis"]["runtimeGenesis"]
    patch = genesis.get("patch") or genesis["config"]
    patch["chainTiming"]["slotDurationMs"] = SLOT_MS
    parameters = dict(patch["governance"]["parameters"]) | RULES
    patch["governance"]["parameters"] = [[name, value] for name, value in parameters.items()]
    patched = folder / "quick.json"
    patched.write_text(json.dumps(plain))
    raw = folder / "quick-raw.json"
    raw.write_text(run([*export, patched, "--raw"]))
    return raw


@dataclasses.dataclass
class Account:
    """A well-known account."""

    key: str
    address: str
    public: bytes

    @classmethod
    def of(cls, node: Node, key: str) -> Account:
        shown = node.cli_json("key", "show", key=key)
        return cls(key, shown["address"], bytes.fromhex(shown["public_key"]))


def public_of(node: Node, address: str) -> bytes:
    """The key behind an address, from its text: prefix, key and checksum in base 58."""
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number = 0
    for char in address:
        number = number * 58 + alphabet.index(char)
    return number.to_bytes(35, "big")[1:33]


@dataclasses.dataclass(frozen=True)
class Purse:
    """What an account has: what it can spend, and what is held of it."""

    free: int
    held: int

    @property
    def total(self) -> int:
        return self.free + self.held


def purse(node: Node, public: bytes, block: int) -> Purse:
    key = "0x" + ACCOUNTS + hashlib.blake2b(public, digest_size=16).hexdigest() + public.hex()
    found = node.rpc("state_getStorage", key, node.rpc("chain_getBlockHash", block))
    data = bytes.fromhex(found[2:]) if found else bytes(80)
    amounts = [int.from_bytes(data[start : start + 16], "little") for start in (16, 32)]
    return Purse(*amounts)


class Provider(Node):
    """A full node that stores pieces for pay."""

    def __init__(self, root, name, chain, key: str, bootnode: Node, repair: bool = True, report: bool = True):
        super().__init__(root, name, chain, "--provider", root / f"{name}.toml", bootnodes=(bootnode.address,))
        self.key_uri = key
        flags = {"repair": repair, "report": report}
        text = POLICY.format(**{name: str(value).lower() for name, value in flags.items()})
        (root / f"{name}.toml").write_text(text)
        place = ("--base-path", self.base, "--chain", chain, "--keystore-path", self.keystore(chain))
        insert = ["key", "insert", *place, "--scheme", "sr25519", "--key-type", "stor", "--suri", key]
        run([program("stoa-node"), *insert])

    def keystore(self, chain: pathlib.Path) -> pathlib.Path:
        return self.base / "chains" / json.loads(chain.read_text())["id"] / "keystore"

    def register(self, node: Node, price: str, capacity: str = "1GiB") -> None:
        """Registers it over another node's RPC: one that is still catching up dates transactions too early."""
        contact = ("--peer", self.peer, "--address", f"/ip4/127.0.0.1/tcp/{self.tcp}")
        terms = ("--capacity", capacity, "--price", price, "--yes", "--no-finality")
        node.cli("provider", "register", *terms, *contact, key=self.key_uri)

    def status(self, node: Node | None = None) -> dict:
        """How the chain says that it stands, asked of another node when this one is down."""
        return (node or self).cli_json("provider", "status", key=self.key_uri)


def leaf_price(per_gib: int) -> int:
    return -(-per_gib // LEAVES_PER_GIB)


def leaves(size: int) -> int:
    return -(-size // LEAF)


class Ledger:
    """What accounts had at a block, and what events say that they must have later, to the planck."""

    def __init__(self, node: Node, clients: Clients, accounts: dict[str, bytes], block: int):
        self.node, self.clients, self.accounts, self.block = node, clients, accounts, block
        self.before = {address: purse(node, public, block) for address, public in accounts.items()}
        # Who pays for orders that were placed before.
        self.payers: dict[str, str] = {}

    def events(self, last: int) -> list[dict]:
        return self.clients.js("storage-events.mjs", self.node.rpc_url, self.block + 1, last, seconds=300)

    def settle(self, last: int) -> tuple[list[dict], dict[str, Purse]]:
        """Checks that every account's total changed by what the events say, and returns these and what all have now."""
        events = self.events(last)
        orders = {event["order"]: event["payer"] for event in events if event["name"] == "OrderPlaced"} | self.payers
        expected = {address: 0 for address in self.accounts}

        def move(address: str | None, amount: int) -> None:
            if address in expected:
                expected[address] += amount

        for event in events:
            match event["name"]:
                case "TransactionFeePaid":
                    move(event["who"], -int(event["actualFee"]))
                case "Paid":
                    amount, levy = int(event["amount"]), int(event["levy"])
                    move(orders[event["order"]], -amount - levy)
                    move(event["provider"], amount)
                    move(TREASURY, levy)
                case "Slashed":
                    amount, reward = int(event["amount"]), int(event["reward"])
                    move(event["provider"], -amount)
                    move(event["reporter"], reward)
                    move(TREASURY, amount - reward)
                case "Burnt":
                    move(TREASURY, -int(event["burntFunds"]))
        now = {address: purse(self.node, public, last) for address, public in self.accounts.items()}
        changed = {address: now[address].total - self.before[address].total for address in self.accounts}
        assert changed == expected, (changed, expected)
        return events, now
