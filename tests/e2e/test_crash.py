"""A node is stopped, killed and cut off under load: it comes back, and nothing that it serves is wrong."""

from __future__ import annotations

import hashlib
import http.client
import os
import random
import threading
import time

import blake3
import pytest

from car import cid_bytes, cid_text, folder_car, parse_cid
from harness import Node, RpcError
from registry import Published, assert_same_files, is_served, publish
from uploads import upload

ROUNDS = int(os.environ.get("STOA_ROUNDS", 3))
NOT_THERE = (OSError, http.client.HTTPException, RpcError, AssertionError, ValueError)


class Load:
    """Readers that check every byte, and writers, until stopped. Lost connections are what a kill makes."""

    def __init__(self, node: Node, wanted: list[Published], writers: int = 2, readers: int = 3):
        self.node, self.wanted = node, wanted
        self.over = threading.Event()
        self.reads, self.wrong, self.acknowledged = 0, [], []
        self.started = threading.Semaphore(0)
        jobs = [self.read] * readers + [self.write] * writers
        self.threads = [threading.Thread(target=job, daemon=True) for job in jobs]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a request never ended"

    def read(self) -> None:
        while not self.over.is_set():
            cid = random.choice(self.wanted).revision.content
            try:
                answer = self.node.http(f"/ipfs/{cid}?format=raw", timeout=20)
            except NOT_THERE:
                continue
            if answer.status != 200:
                continue
            self.reads += 1
            if cid_bytes(parse_cid(cid)[1], answer.body) != parse_cid(cid):
                self.wrong.append(cid)

    def write(self) -> None:
        while not self.over.is_set():
            root, _, body = folder_car({f"{i}.bin": random.randbytes(1_000_000) for i in range(6)})
            try:
                self.started.release()
                answer = upload(self.node, body)
            except NOT_THERE:
                continue
            if answer.status == 201:
                self.acknowledged.append((cid_text(root.cid), answer.json()["piece"]))


def stored(node: Node) -> dict[str, dict]:
    """Every piece of the store by its root."""
    pieces, after = {}, None
    while True:
        page = node.rpc("content_pieces", after, 256)
        pieces |= {piece["piece"]["root"]: piece for piece in page["pieces"]}
        after = page["next"]
        if after is None:
            return pieces


def test_node_killed_under_load_comes_back_with_everything_that_it_confirmed(make_validator, make_folder, tmp_path):
    node = make_validator().start()
    published = [
        publish(node, make_folder({"weights.bin": 5_000_000, "sub/config.json": 100 + i}), f"alice/kept-{i}") for i in range(2)
    ]
    acknowledged = []
    for round_number in range(ROUNDS):
        node.wait_for("finality", lambda: node.finalized() > 0)
        finalized = node.finalized()
        with Load(node, published) as load:
            for _ in range(3 + round_number % 3):
                assert load.started.acquire(timeout=60), "no upload began"
            node.wait_for("reads", lambda: load.reads > 20)
            # Where in an upload the kill falls is left to chance.
            time.sleep(random.uniform(0, 0.3))
            node.process.kill()
        assert load.wrong == []
        acknowledged += load.acknowledged

        node.start()

        assert node.finalized() >= finalized - 1
        node.wait_for_blocks(2)
        held = stored(node)
        for cid, piece in acknowledged:
            assert held[piece["root"]]["content"] == cid, f"{cid} was confirmed and is gone"
        for item in published:
            node.wait_for(f"{item.name} is served again", lambda item=item: is_served(node, item.revision))
            copy = tmp_path / f"{round_number}-{item.revision.commit}"
            node.cli("get", item.name, "-o", copy)
            assert_same_files(copy, item.folder)
        # What a killed upload left behind is swept away: only whole pieces have files.
        assert node.half_written() == []
        assert set(node.pieces_on_disk()) == set(held)
    assert acknowledged, "no upload was confirmed in any round: the test shows nothing"
    node.assert_well()


def test_node_stops_cleanly_under_load_and_starts_again(make_validator, make_folder):
    node = make_validator().start()
    published = publish(node, make_folder({"weights.bin": 3_000_000}), "alice/restart")
    with Load(node, [published]) as load:
        node.wait_for("reads and an upload", lambda: load.reads > 20 and load.acknowledged)
        assert node.process.stop() == 0, node.process.tail()
    assert load.wrong == []
    node.start()
    held = stored(node)
    assert all(held[piece["root"]]["content"] == cid for cid, piece in load.acknowledged)
    node.wait_for("content is served again", lambda: is_served(node, published.revision))
    node.assert_well()


def test_fetch_goes_on_after_the_fetching_node_was_killed(make_validator, make_node, make_folder):
    source = make_validator().start()
    published = publish(source, make_folder({"weights.bin": 150_000_000}), "alice/resumed", seconds=300)
    target = f"{published.revision.root}:{published.revision.size}"
    reader = make_node("reader", bootnodes=(source.address,)).start()
    reader.wait_for("a peer", reader.peers)
    reader.wait_for("the registration", lambda: reader.finalized() >= source.finalized() > 0)

    fetch = threading.Thread(target=ignore_lost_connection, args=(reader, target), daemon=True)
    fetch.start()
    reader.wait_for("part of the piece", lambda: reader.rpc("content_status")["fetchedBytes"] > 10_000_000)
    reader.process.kill()
    fetch.join(60)
    reader.start()
    reader.wait_for("a peer", reader.peers)
    done = reader.rpc("content_fetch", target, timeout=120)

    assert done["content"] == published.revision.content
    again = reader.rpc("content_status")["fetchedBytes"]
    assert again < published.revision.size, "the part that was there was fetched again"
    piece = reader.pieces_on_disk()[published.revision.root]
    assert blake3.blake3(piece.read_bytes()).hexdigest() == published.revision.root


def ignore_lost_connection(node: Node, target: str) -> None:
    try:
        node.rpc("content_fetch", target, timeout=120)
    except NOT_THERE:
        pass


@pytest.mark.parametrize("size", [1, 1_048_576])
def test_file_survives_a_kill_right_after_its_upload_was_confirmed(make_validator, size):
    node = make_validator().start()
    data = random.randbytes(size)
    root, blocks, body = folder_car({"file.bin": data})
    answer = upload(node, body)
    node.process.kill()
    assert answer.status == 201, answer
    node.start()
    [piece] = stored(node).values()
    assert piece["content"] == cid_text(root.cid)
    assert piece["blocks"] == len(blocks)
    [path] = node.pieces_on_disk().values()
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(body).digest()
