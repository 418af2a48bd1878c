"""What an operator has of a node: its commands, its RPC, its metrics, and `make dev`."""

from __future__ import annotations

import json
import random

import pytest

from car import RAW, cid_bytes, cid_text
from harness import Node, RpcError, program, run, run_to_end
from registry import publish, resolve

METHODS = {
    "system_health",
    "system_accountNextIndex",
    "author_submitExtrinsic",
    "author_rotateKeysWithOwner",
    "chain_getBlock",
    "state_getMetadata",
    "state_call",
    "payment_queryInfo",
    "chainHead_v1_follow",
    "chainSpec_v1_genesisHash",
    "transaction_v1_broadcast",
    "babe_epochAuthorship",
    "grandpa_roundState",
    "grandpa_proveFinality",
    "sync_state_genSyncSpec",
    "content_status",
    "content_pieces",
    "content_where",
    "content_pin",
    "content_unpin",
    "content_fetch",
    "content_fetchWatch",
}
COUNTERS = {
    "stoa_content_bitswap_blocks_total",
    "stoa_content_bitswap_bytes_total",
    "stoa_content_bitswap_refused_total",
    "stoa_content_slices_total",
    "stoa_content_slice_bytes_total",
    "stoa_content_slice_queue",
    "stoa_content_slice_active",
    "stoa_content_fetches_running",
    "stoa_content_fetched_bytes_total",
    "stoa_content_announced_pieces",
    "stoa_gateway_block_requests_total",
    "stoa_gateway_bytes_served_total",
}


def stoa_node(*arguments) -> str:
    return run([program("stoa-node"), *arguments])


def count(node: Node, name: str, label: str = "") -> float:
    """The sum of a metric's samples that have the label."""
    samples = node.metrics().items()
    return sum(value for sample, value in samples if sample.split("{")[0] == name and label in sample)


# --- commands


def test_database_commands_carry_a_chain_from_one_folder_to_another(make_validator, chain, tmp_path):
    node = make_validator().start()
    node.wait_for("blocks", lambda: node.best() >= 6 and node.finalized() >= 1)
    assert node.process.stop() == 0
    source = ("--chain", chain, "--base-path", node.base)
    best = json.loads(stoa_node("chain-info", *source))["best_number"]
    assert best >= 6

    blocks = tmp_path / "blocks"
    stoa_node("export-blocks", *source, "--from", 1, "--to", 5, "--binary", blocks)
    stoa_node("check-block", *source, 3)
    copy = ("--chain", chain, "--base-path", tmp_path / "copy")
    stoa_node("import-blocks", *copy, "--binary", blocks)
    assert json.loads(stoa_node("chain-info", *copy))["best_number"] == 5
    stoa_node("revert", *copy, 2)
    assert json.loads(stoa_node("chain-info", *copy))["best_number"] == 3
    state = json.loads(stoa_node("export-state", *copy, 3))
    assert state["genesis"]["raw"]["top"]

    stoa_node("purge-chain", *copy, "-y")
    assert json.loads(stoa_node("chain-info", *copy))["best_number"] == 0
    # What was stopped for this goes on where it stood.
    node.start()
    node.wait_for("more blocks", lambda: node.best() > best)


def test_specifications_are_written_by_both_names_of_the_command(tmp_path):
    written = [json.loads(stoa_node(command, "--chain", "local")) for command in ("export-chain-spec", "build-spec")]
    assert [spec["id"] for spec in written] == [written[0]["id"]] * 2
    failed = run_to_end([program("stoa-node"), "export-chain-spec", "--chain", tmp_path / "absent.json"])
    assert failed.code != 0 and "absent.json" in failed.err, failed


def test_keys_are_made_inspected_and_kept(tmp_path):
    made = json.loads(stoa_node("key", "generate", "--scheme", "sr25519", "--output-type", "json"))
    shown = json.loads(stoa_node("key", "inspect", made["secretPhrase"], "--output-type", "json"))
    assert shown["ss58Address"] == made["ss58Address"]
    keystore = tmp_path / "keystore"
    stoa_node(
        *("key", "insert", "--keystore-path", keystore, "--chain", "dev", "--base-path", tmp_path),
        *("--scheme", "sr25519", "--key-type", "babe", "--suri", made["secretPhrase"]),
    )
    [key] = keystore.iterdir()
    assert key.name == b"babe".hex() + made["publicKey"].removeprefix("0x")
    stoa_node("key", "generate-node-key", "--file", tmp_path / "node-key")
    assert stoa_node("key", "inspect-node-key", "--file", tmp_path / "node-key").startswith("12D3KooW")


def test_node_stops_before_its_disk_is_full(make_node):
    node = make_node("full", "--db-storage-threshold", "999999999")
    with pytest.raises(RuntimeError, match="StorageOutOfSpace"):
        node.start()


# --- RPC


def test_full_node_offers_all_methods_and_an_archive_node_the_archive(alice, make_node):
    methods = set(alice.rpc("rpc_methods")["methods"])
    assert METHODS <= methods, METHODS - methods
    archive = make_node("archive", "--state-pruning", "archive", "--blocks-pruning", "archive").start()
    more = set(archive.rpc("rpc_methods")["methods"])
    assert {"archive_v1_body", "archive_v1_storage", "archive_v1_finalizedHeight"} <= more
    assert archive.rpc("archive_v1_genesisHash") == alice.rpc("chain_getBlockHash", 0)


def test_safe_rpc_shows_content_and_changes_nothing(make_node):
    node = make_node("public", "--rpc-methods", "safe").start()
    assert node.rpc("content_status")["pieces"] == 0
    assert node.rpc("content_pieces") == {"pieces": [], "next": None}
    for method, parameter in (("content_fetch", "ab" * 32 + ":1"), ("content_pin", "ab" * 32), ("content_unpin", "ab" * 32)):
        with pytest.raises(RpcError, match="unsafe"):
            node.rpc(method, parameter)


def test_pieces_are_found_fetched_with_progress_pinned_and_let_go(alice, bob, clients, make_folder):
    published = publish(alice, make_folder({"weights.bin": 20_000_000}), "alice/watched")
    revision = published.revision
    bob.wait_for("the registration", lambda: resolve(bob, published.name))
    bob.wait_for("the announcement", lambda: alice.peer in bob.rpc("content_where", revision.content)["peers"])
    assert bob.rpc("content_where", revision.content)["here"] == []

    updates = clients.js("watch.mjs", bob.rpc_url, revision.content)["updates"]

    *running, last = updates
    assert running and all(update["state"] == "running" for update in running)
    assert [update["done"] for update in running] == sorted(update["done"] for update in running)
    assert {update["size"] for update in running if update["size"]} <= {revision.size}
    assert last["state"] == "done" and last["stored"]["piece"] == revision.piece
    [here] = bob.rpc("content_where", revision.content)["here"]
    assert (here["content"], here["pinned"]) == (revision.content, False)
    bob.rpc("content_pin", revision.root)
    assert bob.rpc("content_where", revision.content)["here"][0]["pinned"]
    bob.rpc("content_unpin", revision.root)
    assert not bob.rpc("content_where", revision.content)["here"][0]["pinned"]


# --- metrics


def test_metrics_tell_what_was_served_fetched_and_refused(alice, bob, clients, make_folder):
    published = publish(alice, make_folder({"weights.bin": 3_000_000}), "alice/counted")
    revision = published.revision
    for node in (alice, bob):
        names = {sample.split("{")[0] for sample in node.metrics()}
        assert COUNTERS <= names, COUNTERS - names
    counted = [
        (alice, "stoa_content_slices_total", ""),
        (alice, "stoa_content_slice_bytes_total", ""),
        (alice, "stoa_content_bitswap_blocks_total", ""),
        (alice, "stoa_content_bitswap_bytes_total", ""),
        (alice, "stoa_content_bitswap_refused_total", ""),
        (bob, "stoa_content_fetches_total", 'outcome="fetched"'),
        (bob, "stoa_content_fetched_bytes_total", ""),
        (bob, "stoa_gateway_bytes_served_total", ""),
    ]
    before = [count(*metric) for metric in counted]

    bob.wait_for("the registration", lambda: resolve(bob, published.name))
    bob.rpc("content_fetch", f"{revision.root}:{revision.size}", timeout=120)
    answer = bob.http(f"/ipfs/{revision.content}?format=car")
    assert answer.status == 200
    absent = cid_text(cid_bytes(RAW, random.randbytes(32)))
    clients.js("bitswap.mjs", alice.address, "nothing", revision.content, 30)
    clients.js("bitswap.mjs", alice.address, "nothing", absent, 2)

    gained = {metric[1]: count(*metric) - old for metric, old in zip(counted, before)}
    assert all(gain > 0 for gain in gained.values()), gained
    assert gained["stoa_content_fetches_total"] == 1
    assert gained["stoa_content_fetched_bytes_total"] == revision.size
    assert gained["stoa_content_slice_bytes_total"] > revision.size
    # The store's files are longer than the answer's blocks by the framing alone.
    assert revision.size * 0.99 < gained["stoa_gateway_bytes_served_total"] <= revision.size
