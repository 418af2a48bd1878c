"""Storage that is paid for only when it is proven: three providers keep the real model for an order."""

import os

import pytest

from conftest import VALIDATOR
from harness import Node, wait_for
from providers import (
    RULES,
    SLASH,
    STOA,
    TREASURY,
    Account,
    Ledger,
    Provider,
    leaf_price,
    leaves,
    public_of,
    purse,
    quick_specification,
)
from registry import publish

PRICES = ["0.002", "0.0025", "0.003"]
WINDOWS = 40
# A window has 64 blocks of two seconds; on a busy machine a slot may be lost.
WINDOW_SECONDS = 64 * 2 * 2


@pytest.fixture(scope="module")
def stage(tmp_path_factory, model_dir):
    """A validator with the model, three nodes that are registered as providers, and an order that they accepted."""
    root = tmp_path_factory.mktemp("storage")
    chain = quick_specification(root)
    # With the state of every block, whose events are read at the end.
    validator = Node(root, "validator", chain, *VALIDATOR, "--state-pruning", "archive")
    nodes = [validator]
    try:
        validator.start()
        model = publish(validator, model_dir, "sentence-transformers/all-MiniLM-L6-v2", "--kind", "model", seconds=300)
        # Bob's node has no way to mend what it loses; Charlie's reports.
        settings = [("//Bob", False, False), ("//Charlie", True, True), ("//Dave", True, False)]
        for (key, repair, report), price in zip(settings, PRICES):
            node = Provider(root, key.strip("/").lower(), chain, key, validator, repair, report)
            nodes.append(node)
            node.start()
            node.wait_for("a peer", node.peers)
            node.register(validator, price)
        yield validator, nodes[1:], model
    finally:
        for node in nodes:
            if node.process:
                node.process.kill()


@pytest.fixture(scope="module")
def order(stage):
    """An order of Alice's for three replicas, and the block before it was placed."""
    validator, providers, model = stage
    before = validator.best()
    terms = ("--replicas", 3, "--windows", WINDOWS, "--max-price", "0.003", "--yes")
    placed = validator.cli_json("order", "place", model.name, *terms, key="//Alice")
    number = placed["order"]

    def shown():
        return validator.cli_json("order", "show", number)

    validator.wait_for("three replicas", lambda: len(shown()["replicas"]) == 3, 240)
    return number, before, shown


def ledger_of(validator, clients, providers, block, order) -> Ledger:
    keys = ["//Alice", "//Ferdie", *(provider.key_uri for provider in providers)]
    accounts = {account.address: account.public for account in (Account.of(validator, key) for key in keys)}
    accounts[TREASURY] = public_of(validator, TREASURY)
    ledger = Ledger(validator, clients, accounts, block)
    ledger.payers = {str(order): Account.of(validator, "//Alice").address}
    return ledger


def test_three_providers_prove_at_least_four_windows_and_are_paid_to_the_planck(stage, order, clients):
    validator, providers, model = stage
    number, _, shown = order
    size = model.revision.size

    for provider in providers:
        root = model.revision.root
        assert root in provider.pieces_on_disk(), "it was fetched before the order was accepted"
        provider.wait_for(
            "the piece pinned",
            lambda node=provider: any(one["piece"]["root"] == root and one["pinned"] for one in pieces(node)),
        )
    first = validator.best()
    ledger = ledger_of(validator, clients, providers, first, number)
    alice, ferdie = (Account.of(validator, key) for key in ("//Alice", "//Ferdie"))

    for provider in providers:
        provider.wait_for("four proven windows", lambda node=provider: node.status()["proven"] >= 4, 6 * WINDOW_SECONDS)
        status = provider.status()
        assert (status["misses"], status["standing"]["state"]) == (0, "active")
        assert status["grace"], "nothing had to be forgiven"
        assert counted(provider, "stoa_provider_windows_proven_total") >= 4

    # While they only proved, nothing but the windows' counters changed: proofs are free.
    idle = validator.best()
    events, now = ledger.settle(idle)
    assert not [event for event in events if event["name"] in ("Paid", "Slashed", "Faulted")]
    assert not [event for event in events if event["name"] == "TransactionFeePaid"]
    assert now == ledger.before

    paid = validator.cli_json("order", "settle", number, "--yes", key="//Ferdie")
    payments = {payment["provider"]: payment for payment in paid["payments"]}
    assert len(payments) == 3
    end = validator.best()
    events, now = ledger.settle(end)
    for provider, price in zip(providers, PRICES):
        address = Account.of(validator, provider.key_uri).address
        payment = payments[address]
        assert payment["windows"] >= 4
        due = payment["windows"] * leaves(size) * leaf_price(round(float(price) * STOA))
        levy = due * 2 // 100
        assert (int(payment["amount"]), int(payment["levy"])) == (due - levy, levy)
        assert now[address].free - ledger.before[address].free == due - levy
        assert now[address].held == ledger.before[address].held
    total = sum(int(payment["amount"]) + int(payment["levy"]) for payment in payments.values())
    assert ledger.before[alice.address].held - now[alice.address].held == total
    assert now[alice.address].free == ledger.before[alice.address].free
    assert now[ferdie.address].free < ledger.before[ferdie.address].free, "who settles pays the fee"
    replicas = {replica["provider"]: replica for replica in shown()["replicas"]}
    for address, payment in payments.items():
        assert replicas[address]["earned"] == payment["windows"]
        assert replicas[address]["earned"] + replicas[address]["left"] == WINDOWS
    # What the account holds now is what its replicas may still earn, and the deposit.
    price_of = {Account.of(validator, node.key_uri).address: round(float(p) * STOA) for node, p in zip(providers, PRICES)}
    rest = sum(one["left"] * leaves(size) * leaf_price(price_of[address]) for address, one in replicas.items())
    held_for_registry = purse(validator, alice.public, order[1]).held
    assert now[alice.address].held - held_for_registry == rest + int(shown()["deposit"])


def counted(node, name):
    """A counter of the node's, over all its labels."""
    return sum(value for sample, value in node.metrics().items() if sample.split("{")[0] == name)


def pieces(node):
    return node.rpc("content_pieces")["pieces"]


def test_faults_cost_who_is_at_fault_and_nobody_else(stage, order, clients):
    validator, (bob, charlie, dave), model = stage
    number, _, shown = order
    size = model.revision.size
    first = validator.best()
    ledger = ledger_of(validator, clients, [bob, charlie, dave], first, number)
    address = {node: Account.of(validator, node.key_uri).address for node in (bob, charlie, dave)}
    alice = Account.of(validator, "//Alice").address
    before = {node: node.status() for node in (bob, charlie, dave)}

    # Dave stays away from now on. A half of Bob's copy is gone.
    dave.process.kill()
    car = bob.pieces_on_disk()[model.revision.root]
    os.truncate(car, size // 2)

    # Charlie is killed inside a window, before it can prove it, and comes back while that still takes proofs.
    def waiting():
        status = charlie.status(validator)
        return status if status["open_window"]["duty"] == "waiting" else None

    killed = validator.wait_for("a window of Charlie's without its seed", waiting, 3 * WINDOW_SECONDS)
    charlie.process.kill()
    charlie.start()
    charlie.wait_for("the window's proof", lambda: charlie.status(validator)["proven"] > killed["proven"], WINDOW_SECONDS)
    status = charlie.status(validator)
    assert status["proven"] == killed["proven"] + 1
    assert status["open_window"]["window"] == killed["open_window"]["window"]

    # Each of the others misses two windows: the first is forgiven, the second leads to jail and is reported.
    for node in (bob, dave):
        wait_for(
            f"{node.name} in jail",
            lambda node=node: node.status(validator)["standing"]["state"] == "jailed",
            5 * WINDOW_SECONDS,
        )
    def fined(node):
        held = purse(validator, ledger.accounts[address[node]], validator.best()).held
        return held < ledger.before[address[node]].held

    validator.wait_for("both reported and fined", lambda: fined(bob) and fined(dave), 120)
    assert "can't be proven" in bob.log_text() and "too short" in bob.log_text()
    assert "In jail" in bob.log_text()

    # The payer leaves them and gets the rest back; Charlie has earned its minimum term, so it may be left too.
    deposit = int(shown()["deposit"])
    cancelled = validator.cli_json("order", "cancel", number, "--yes", key="//Alice")
    end = validator.best()
    events, now = ledger.settle(end)

    slashed = {event["provider"]: event for event in events if event["name"] == "Slashed"}
    for node in (bob, dave):
        event = slashed[address[node]]
        fine = SLASH * leaves(size)
        assert (int(event["amount"]), int(event["reward"])) == (fine, fine // 10)
        assert event["reporter"] == address[charlie]
        assert ledger.before[address[node]].held - now[address[node]].held == fine
    assert counted(charlie, "stoa_provider_faults_reported_total") >= 2
    status = charlie.status(validator)
    assert (status["misses"], status["grace"], status["stake"]) == (0, True, before[charlie]["stake"])
    assert RULES["proofs.MaxMisses"] == 2

    ended = {event["provider"]: event for event in events if event["name"] == "ReplicaEnded"}
    assert {address[bob], address[dave]} <= set(ended)
    for node, price in ((bob, PRICES[0]), (dave, PRICES[2])):
        event = ended[address[node]]
        windows = sum(int(one["windows"]) for one in events if one["name"] == "Paid" and one["provider"] == address[node])
        replica = next(one for one in before[node]["replicas"] if one["order"] == number)
        left = replica["left"] - windows
        assert event["reason"] == "Jailed"
        assert int(event["refunded"]) == left * leaves(size) * leaf_price(round(float(price) * STOA))
    refunds = sum(int(event["refunded"]) for event in ended.values())
    assert int(cancelled["refunded"]) == refunds
    paid = sum(int(e["amount"]) + int(e["levy"]) for e in events if e["name"] == "Paid")
    returned = deposit if any(event["name"] == "OrderRemoved" for event in events) else 0
    assert ledger.before[alice].held - now[alice].held == paid + refunds + returned
