"""Creators are paid: shares, links, sales, and keys to encrypted content, on real nodes."""

from __future__ import annotations

import hashlib
import json
import pathlib
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import VALIDATOR
from harness import Ended, Node, Process, http, run_to_end
from registry import assert_same_files

STOA = 10**12
MILLION = 10**6
CONTRIBUTORS = 5_000
SALES = 10
QUICK = ("--yes", "--no-finality")


def part(amount: int, percent: int) -> int:
    """A percentage of an amount, rounded down."""
    return amount * percent // 100


def ss58(account: bytes) -> str:
    """The address of an account on networks that have no prefix of their own."""
    body = b"\x2a" + account
    body += hashlib.blake2b(b"SS58PRE" + body).digest()[:2]
    digits, number = "", int.from_bytes(body, "big")
    while number:
        number, digit = divmod(number, 58)
        digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + digits
    return digits


@pytest.fixture(scope="module")
def node(chain, tmp_path_factory: pytest.TempPathFactory):
    """A chain of this file's own, on which nobody else pays anything."""
    node = Node(tmp_path_factory.mktemp("market"), "market", chain, *VALIDATOR).start()
    yield node
    try:
        node.assert_well()
    finally:
        node.process.kill()


def publish(node: Node, folder: pathlib.Path, name: str, owner: str, *flags: str) -> int:
    """Publishes a folder, and gives the asset's number."""
    return node.cli_json("publish", folder, "--to", name, *QUICK, *flags, key=owner)["asset_id"]


def wait_until_final(node: Node) -> None:
    """Waits until what is in a block now is final, which is what an audit looks at."""
    best = node.best()
    node.wait_for("it is final", lambda: node.finalized() >= best)


# --- royalties


def contributors() -> list[tuple[bytes, int]]:
    """Accounts with uneven shares of a million, some of them one share only."""
    rng = random.Random(1)
    accounts = [hashlib.sha256(b"contributor %d" % number).digest() for number in range(CONTRIBUTORS)]
    shares = [1, 1, 1] + [rng.randint(50, 300) for _ in range(CONTRIBUTORS - 4)]
    return list(zip(accounts, [*shares, MILLION - sum(shares)]))


def test_every_plank_of_ten_sales_reaches_five_thousand_contributors(node, clients, make_folder, tmp_path):
    owners = {"bob/base": "//Bob", "charlie/data": "//Charlie"}
    with ThreadPoolExecutor() as pool:
        made = {name: pool.submit(publish, node, make_folder({"file.bin": 1_000}), name, key) for name, key in owners.items()}
    base, data = (made[name].result() for name in owners)
    people = contributors()
    shares = tmp_path / "shares.csv"
    lines = [ss58(account) if number % 2 else "0x" + account.hex() for number, (account, _) in enumerate(people)]
    shares.write_text("account,shares\n" + "".join(f"{line},{count}\n" for line, (_, count) in zip(lines, people)))

    node.cli("shares", "open", "bob/base", *QUICK, key="//Bob")
    said = node.cli_json("shares", "set", "charlie/data", shares, *QUICK, key="//Charlie", seconds=240)
    assert said["changed"] == CONTRIBUTORS
    again = node.cli_json("shares", "set", "charlie/data", shares, *QUICK, key="//Charlie")
    assert (again["changed"], again["transactions"]) == (0, [])
    node.cli("shares", "open", "charlie/data", *QUICK, key="//Charlie")

    model = publish(node, make_folder({"file.bin": 1_000}), "dave/model", "//Dave", "--parent", "bob/base:fine-tune")
    node.cli("link", "dave/model", "bob/base", "--absolute", "5", *QUICK, key="//Dave")
    node.cli("link", "dave/model", "charlie/data", "--relative", "10", *QUICK, key="//Dave")
    node.cli("shares", "open", "dave/model", *QUICK, key="//Dave")
    derived = publish(node, make_folder({"file.bin": 1_000}), "eve/derived", "//Eve", "--visibility", "gated")
    refused = node.cli_fails("link", "eve/derived", "dave/model", "--relative", "20", "--max-upstream", "24", *QUICK, key="//Eve")
    assert refused.code == 5 and "UpstreamAboveGuard" in refused.err, refused
    node.cli("link", "eve/derived", "dave/model", "--relative", "20", "--max-upstream", "25", *QUICK, key="//Eve")
    node.cli("shares", "open", "eve/derived", *QUICK, key="//Eve")

    price = 1_000 * STOA + 7
    listed = node.cli_json("list", "eve/derived", "--price", "1000.000000000007", "--supply", SALES, *QUICK, key="//Eve")
    assert int(listed["offer"]["price"]) == price
    wait_until_final(node)
    before = clients.js("market.mjs", node.rpc_url, "audit", base, data, model, derived)
    sales = clients.js("market.mjs", node.rpc_url, "sell", listed["listing"], SALES, seconds=240)
    assert sum(len(sale["licences"]) for sale in sales) == SALES
    for sale in sales:
        assert sale["reads"] and int(sale["spent"]) == int(sale["price"]) + int(sale["fees"]), sale
    assert node.cli_fails("buy", "eve/derived", *QUICK, key="//Bob").code == 3, "it is sold out"

    for name in ("charlie/data", "bob/base", "dave/model", "eve/derived"):
        node.cli("claim", name, "--everyone", *QUICK, key="//Bob", seconds=400)
    wait_until_final(node)
    after = clients.js("market.mjs", node.rpc_url, "audit", base, data, model, derived)

    check_table(before, after, {"base B": base, "data D": data, "model M": model, "derived Q": derived}, price * SALES, people)


def check_table(before: dict, after: dict, names: dict[str, int], paid: int, people: list[tuple[bytes, int]]) -> None:
    """Works out what everybody is due from the terms alone, and compares it with what the chain says."""
    rest = part(paid, 95)
    to_model = part(rest, 20)
    expected = {
        "base B": {"outside": 0, "downstream": part(paid, 5), "forwarded": 0, "earned": part(paid, 5)},
        "data D": {"outside": 0, "downstream": part(to_model, 10), "forwarded": 0, "earned": part(to_model, 10)},
        "model M": {"outside": 0, "downstream": to_model, "forwarded": part(to_model, 10), "earned": part(to_model, 90)},
        "derived Q": {"outside": paid, "downstream": 0, "forwarded": part(paid, 5) + to_model, "earned": part(rest, 80)},
    }
    columns = ("outside", "downstream", "forwarded", "claimed", "dueHolders", "balance")
    rows = {name: {key: int(after["vaults"][str(asset)][key]) for key in (*columns, "dueUpstream")} for name, asset in names.items()}
    print(f"\n{'asset':<10}" + "".join(f"{column:>22}" for column in columns) + f"{'dust':>6}")
    for name, row in rows.items():
        dust = row["balance"] - row["dueHolders"]
        print(f"{name:<10}" + "".join(f"{row[column]:>22}" for column in columns) + f"{dust:>6}")
        want = expected[name]
        assert all(row[key] == want[key] for key in ("outside", "downstream", "forwarded")), (name, row, want)
        assert row["claimed"] + row["dueHolders"] == want["earned"], (name, row, want)
        assert row["dueUpstream"] == 0 and row["outside"] + row["downstream"] == row["forwarded"] + row["claimed"] + row["balance"]
        assert 0 <= dust <= 3, "what doesn't make a plank waits in the vault"
    sums = {column: sum(row[column] for row in rows.values()) for column in columns}
    print(f"{'all':<10}" + "".join(f"{sums[column]:>22}" for column in columns))
    assert sums["outside"] == paid == sums["claimed"] + sums["balance"], "what was paid was claimed, or waits"
    assert sums["downstream"] == sums["forwarded"]

    # Every contributor has their shares' part, to the plank; what is too little to begin an account with waits.
    earned, minimum = expected["data D"]["earned"], int(after["minimum"])
    waiting = {account: int(due) for account, _, due in after["vaults"][str(names["data D"])]["holders"]}
    received = 0
    for account, shares in people:
        due, key = earned * shares // MILLION, "0x" + account.hex()
        has = int(after["accounts"].get(key, 0))
        assert key not in before["accounts"]
        assert (has, waiting[key]) == ((due, 0) if due >= minimum else (0, due)), (key, shares)
        received += has
    assert received == rows["data D"]["claimed"]
    assert sum(shares == 1 for _, shares in people) == 3 == sum(due > 0 for due in waiting.values())

    # Nothing came from nowhere: vaults hold what the account of all vaults has, and accounts hold all that was issued.
    pot = "0x" + (b"modl" + b"st/royal" + bytes(20)).hex()
    for audit in (before, after):
        assert sum(map(int, audit["accounts"].values())) == int(audit["issuance"])
    assert int(after["accounts"][pot]) - int(before["accounts"][pot]) == sums["balance"]
    assert int(after["accounts"][pot]) == minimum + sums["balance"]
    burnt = int(before["issuance"]) - int(after["issuance"])
    print(f"contributors paid {sum(due == 0 for due in waiting.values())} of {len(people)}, with {received}; fees burnt {burnt}")
    assert burnt > 0


def test_what_the_chain_refuses_is_told_and_nothing_is_lost(node, clients, make_folder):
    base = publish(node, make_folder({"file.bin": 10}), "bob/refusals", "//Bob")
    node.cli("shares", "open", "bob/refusals", *QUICK, key="//Bob")
    said = clients.js("market.mjs", node.rpc_url, "bad", base, "bob", seconds=240)
    expected = {
        "17 parents": "royalties.TooManyParents",
        "a stack over 100 %": "royalties.StackAboveWhole",
        "more than the child accepts": "royalties.UpstreamAboveGuard",
        "a parent twice": "royalties.ParentExists",
        "self-parent": "royalties.SelfParent",
        "linking after opening": "royalties.AlreadyOpen",
        "a cycle by later linking": "royalties.AlreadyOpen",
        "a parent that is not open": "royalties.NotOpen",
        "a stranger's link": "royalties.NotOwner",
        "zero supply": "marketplace.ZeroSupply",
        "zero price": "marketplace.ZeroPrice",
        "a time that is over": "marketplace.BadTime",
        "an asset that is not open": "royalties.NotOpen",
        "a key that was not committed": "marketplace.KeyNotCommitted",
        "above the guard": "marketplace.PriceAboveGuard",
        "another version": "marketplace.ListingChanged",
        "a key where none is sold": "marketplace.KeyUnexpected",
        "sold out": "marketplace.SoldOut",
        "an expired listing": "marketplace.ListingExpired",
    }
    assert {what: answer.split(":")[0] for what, answer in said["tried"].items()} == expected
    assert all(len(answer.split(": ", 1)[1]) > 10 for answer in said["tried"].values()), "each says what to do"
    # Five of Dave's purchases were refused: nothing but their fees is gone.
    assert 0 < int(said["lost"]) < STOA // 10


# --- encrypted content


class Shop:
    """An encrypted asset on sale at one node, and people who buy it at another."""

    def __init__(self, node: Node, other: Node, folder: pathlib.Path, name: str, seller: str, *flags: str):
        self.node, self.other, self.folder, self.name, self.seller = node, other, folder, name, seller
        said = node.cli_json("publish", folder, "--to", name, "--private", *QUICK, *flags, key=seller)
        assert said["private"] and not said["unchanged"], said
        self.asset, self.commit, self.content = said["asset_id"], said["commit"], said["content"]
        node.cli("shares", "open", name, *QUICK, key=seller)
        listed = node.cli_json("list", name, "--price", "5", *QUICK, key=seller)
        assert listed["offer"]["sealed"] and listed["offer"]["revision"] == self.commit, listed
        self.sellers: list[Process] = []

    def serve(self, node: Node | None = None) -> Process:
        """Starts the seller's service."""
        command, env = (node or self.node).cli_command("--json", "seller", "serve", "--every", "1", key=self.seller)
        # Whose keys are the seller's.
        env["HOME"] = str(self.node.root)
        log = f"seller-{self.name.replace('/', '-')}-{len(self.sellers) + 1}.log"
        self.sellers.append(Process(f"seller of {self.name}", self.node.root / log, command, env=env))
        return self.sellers[-1]

    def events(self, seller: Process) -> list[dict]:
        return [json.loads(line) for line in seller.log.read_text().splitlines()]

    def run(self, buyer: str, *arguments: Any) -> Ended:
        """Runs `stoa` at the other node, in a home of the buyer's own."""
        command, env = self.other.cli_command("--json", *arguments, key=buyer)
        home = self.other.root / "homes" / buyer.strip("/")
        home.mkdir(parents=True, exist_ok=True)
        return run_to_end(command, env=env | {"HOME": str(home)})

    def said(self, buyer: str, *arguments: Any) -> dict:
        ended = self.run(buyer, *arguments)
        assert ended.code == 0, ended
        return json.loads(ended.out)

    def refused(self, buyer: str, *arguments: Any) -> tuple[int, str]:
        """The exit code and the message of a command that must fail."""
        ended = self.run(buyer, *arguments)
        assert 1 <= ended.code <= 6 and "panicked" not in ended.err, ended
        return ended.code, json.loads(ended.err)["error"]["message"]

    def buy(self, buyer: str, *flags: str) -> int:
        return self.said(buyer, "buy", self.name, *QUICK, *flags)["licence"]

    def licence(self, buyer: str, number: int) -> dict | None:
        said = self.said(buyer, "licences")
        return next((licence for licence in said["licences"] if licence["id"] == number), None)


def stop(seller: Process) -> None:
    assert seller.stop() == 0, seller.tail()


def secret_folder(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# A secret\n")
    (folder / "weights").mkdir()
    (folder / "weights/model.bin").write_bytes(random.randbytes(3_000_000))
    (folder / "weights/very-telling-name.txt").write_text("words that nobody may read without the key " * 100)
    return folder


@pytest.fixture(scope="module")
def follower(node, chain, tmp_path_factory: pytest.TempPathFactory):
    """A full node beside the validator, with buyers of its own."""
    follower = Node(tmp_path_factory.mktemp("follower"), "follower", chain, bootnodes=(node.address,)).start()
    follower.wait_for("a peer", follower.peers)
    yield follower
    follower.process.kill()


@pytest.fixture(scope="module")
def shop(node, follower, tmp_path_factory: pytest.TempPathFactory):
    """Encrypted files that every node may hand out: only who has the key reads them."""
    folder = secret_folder(tmp_path_factory.mktemp("secret") / "files")
    shop = Shop(node, follower, folder, "dave/secret", "//Dave", "--visibility", "public")
    listed = node.best()
    follower.wait_for("the listing", lambda: follower.best() >= listed)
    yield shop
    for seller in shop.sellers:
        seller.kill()


def balance(node: Node, name: str) -> int:
    """What an asset's payers have paid into its vault."""
    return int(node.cli_json("earnings", name)["outside"])


def test_buyer_on_another_node_gets_the_key_and_the_files_byte_for_byte(shop, tmp_path):
    seller = shop.serve()
    licence = shop.buy("//Eve", "--wait")
    held = shop.licence("//Eve", licence)
    assert held["live"] and held["money"]["state"] == "disputable" and held["key"]["delivered"], held

    got = shop.said("//Eve", "get", shop.name, "-o", tmp_path / "copy")
    assert got["decrypted"] and got["verified"] == "manifest", got
    assert_same_files(tmp_path / "copy", shop.folder)
    assert shop.said("//Eve", "verify", tmp_path / "copy", shop.name)["verified"] == "manifest"
    one = shop.said("//Eve", "get", shop.name, "weights/very-telling-name.txt", "-o", tmp_path / "one")
    assert [file["path"] for file in one["files"]] == ["weights/very-telling-name.txt"]

    # When nobody can dispute it any more, the seller's service collects the price.
    paid = lambda: {"event": "settled", "licence": licence} in shop.events(seller)
    shop.node.wait_for("the price is paid to the holders", paid, 90)
    assert balance(shop.node, shop.name) == 5 * STOA
    stop(seller)
    delivered = [event["licence"] for event in shop.events(seller) if event["event"] == "delivered"]
    assert delivered == [licence], "once, and to nobody else"


def test_stranger_gets_ciphertext_that_says_nothing(shop, tmp_path):
    code, message = shop.refused("//One", "get", shop.name, "-o", tmp_path / "none")
    assert code == 3 and "encrypted" in message, message
    assert not (tmp_path / "none").exists()
    shop.said("//One", "get", shop.name, "--as-stored", "-o", tmp_path / "stored")
    stored = [path for path in (tmp_path / "stored").rglob("*") if path.is_file()]
    plain = (shop.folder / "weights/model.bin").read_bytes()
    assert len(stored) == 4
    for path in stored:
        bytes_ = path.read_bytes()
        assert bytes_.startswith(b"StoaSeal\x01")
        assert b"telling" not in bytes_ and b"nobody may read" not in bytes_ and plain[:64] not in bytes_
        assert "telling" not in path.name
    assert http(f"{shop.other.gateway}/dave/secret/resolve/main/README.md").status == 404


def test_buyer_whose_key_is_not_delivered_gets_the_money_back(shop):
    before = shop.other.cli_json("earnings", shop.name)["outside"]
    licence = shop.buy("//Ferdie")
    held = shop.licence("//Ferdie", licence)
    assert not held["live"] and held["money"]["state"] == "awaits-key", held
    code, message = shop.refused("//Ferdie", "licences", "refund", licence, *QUICK)
    assert code == 5 and "TooEarly" in message, message

    shop.other.wait_for("the deadline", lambda: shop.other.best() > held["money"]["until"] + 1, 120)
    shop.said("//Ferdie", "licences", "refund", licence, *QUICK)
    assert shop.licence("//Ferdie", licence) is None
    assert shop.other.cli_json("earnings", shop.name)["outside"] == before
    # A service that comes back too late delivers nothing for it.
    seller = shop.serve()
    shop.node.wait_for_blocks(5)
    stop(seller)
    assert shop.events(seller) == []


def test_service_that_was_killed_and_started_twice_delivers_each_key_once(shop, tmp_path):
    first = shop.serve()
    licences = [shop.buy("//Eve"), shop.buy("//Charlie")]
    first.signal(signal.SIGKILL)
    both = [shop.serve(), shop.serve()]
    for buyer, licence in zip(("//Eve", "//Charlie"), licences):
        shop.node.wait_for("its key", lambda buyer=buyer, licence=licence: shop.licence(buyer, licence)["key"]["delivered"], 90)
    shop.said("//Charlie", "get", shop.name, "-o", tmp_path / "copy")
    assert_same_files(tmp_path / "copy", shop.folder)
    shop.node.wait_for_blocks(4)
    for seller in both:
        stop(seller)
    delivered = [event["licence"] for seller in (first, *both) for event in shop.events(seller) if event["event"] == "delivered"]
    # The one that was killed may not have lived to tell.
    assert sorted(delivered) == sorted(set(delivered)) and set(delivered) <= set(licences)


def test_wrong_key_is_disputed_and_a_false_dispute_costs(shop, clients, tmp_path):
    licence = shop.buy("//Ferdie")
    clients.js("market.mjs", shop.node.rpc_url, "deliver", licence, "0x" + "ab" * 112, "//Dave")
    code, message = shop.refused("//Ferdie", "get", shop.name, "-o", tmp_path / "copy")
    assert code == 4 and "dispute" in message, message
    said = shop.said("//Ferdie", "licences", "dispute", licence, *QUICK)
    assert said["verdict"] == {"outcome": "refunded", "amount": str(5 * STOA)}, said

    seller = shop.serve()
    licence = shop.buy("//Ferdie", "--wait")
    stop(seller)
    code, message = shop.refused("//Ferdie", "licences", "dispute", licence, *QUICK)
    assert code == 5 and "the right one" in message, message
    said = shop.said("//Ferdie", "licences", "dispute", licence, "--all-the-same", *QUICK)
    assert said["verdict"]["outcome"] == "forfeited", said
    assert shop.licence("//Ferdie", licence)["money"]["state"] == "settled"


def test_publishing_the_same_folder_again_changes_nothing(shop):
    said = shop.node.cli_json("publish", shop.folder, "--to", shop.name, "--private", *QUICK, key=shop.seller)
    assert said["unchanged"] and said["commit"] == shop.commit and said["transactions"] == []


def test_bytes_of_a_private_asset_are_given_to_no_stranger(node, follower, tmp_path):
    shop = Shop(node, follower, secret_folder(tmp_path / "files"), "dave/hidden", "//Dave")
    root = f"/ipfs/{shop.content}?format=raw"
    for where in (node, follower):
        assert where.http(root).status == 404
        assert where.http("/api/models/dave/hidden").status in (401, 404)
    assert shop.refused("//One", "get", shop.name, "-o", tmp_path / "none")[0] == 3
