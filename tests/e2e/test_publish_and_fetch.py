"""A real model is published on one node and comes back from another, whole."""

import io

import blake3

from car import Dag
from conftest import MODEL_NAME
from harness import CACHE, NODE_JS, http, run
from registry import assert_same_files, files_of, publish, resolve


def test_model_has_the_cid_that_ipfs_car_gives_it(model, tmp_path):
    ipfs_car = CACHE / "js/node_modules/ipfs-car/bin.js"
    out = run([NODE_JS, ipfs_car, "pack", model.folder, "--no-wrap", "--hidden", "--output", tmp_path / "model.car"])
    assert out.split()[-1] == model.revision.content


def test_model_on_disk_has_the_blake3_root_that_the_chain_keeps(alice, model):
    piece = alice.pieces_on_disk()[model.revision.root]
    assert blake3.blake3(piece.read_bytes()).hexdigest() == model.revision.root
    assert piece.stat().st_size == model.revision.size


def test_second_node_fetches_the_model_over_the_nodes_own_network(alice, bob, model):
    bob.wait_for("the registration", lambda: resolve(bob, MODEL_NAME))
    revision = resolve(bob, MODEL_NAME)
    assert revision == model.revision
    served = alice.rpc("content_status")["sliceBytes"]

    stored = bob.rpc("content_fetch", f"{revision.root}:{revision.size}", timeout=120)

    assert stored["piece"] == revision.piece
    assert stored["content"] == revision.content
    assert stored["public"]
    assert alice.rpc("content_status")["sliceBytes"] - served >= revision.size
    assert stored in bob.rpc("content_pieces", None, 256)["pieces"]


def test_model_comes_back_byte_identical_by_name_from_the_second_node(bob, model, tmp_path):
    bob.wait_for("the registration", lambda: resolve(bob, MODEL_NAME))
    bob.rpc("content_fetch", model.revision.content, timeout=120)

    got = bob.cli_json("get", MODEL_NAME, "-o", tmp_path / "copy", seconds=180)

    assert got["commit"] == model.revision.commit
    assert got["verified"]
    assert_same_files(tmp_path / "copy", model.folder)
    bob.cli("verify", tmp_path / "copy", f"{MODEL_NAME}@main")


def test_model_comes_back_byte_identical_as_a_car_over_http_from_the_second_node(bob, model, tmp_path):
    bob.wait_for("the registration", lambda: resolve(bob, MODEL_NAME))
    bob.rpc("content_fetch", model.revision.content, timeout=120)

    answer = http(f"{bob.gateway}/ipfs/{model.revision.content}?format=car&dag-scope=all", timeout=120)

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/vnd.ipld.car")
    for path, data in Dag(io.BytesIO(answer.body)).files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert_same_files(tmp_path, model.folder)


def test_gateway_of_a_node_without_the_piece_fetches_it_from_the_network(alice, bob, make_folder, tmp_path):
    published = publish(alice, make_folder({"weights.bin": 3_000_000, "a/config.json": 40}), "alice/on-demand")
    bob.wait_for("the registration", lambda: resolve(bob, published.name))
    assert not any(stored["content"] == published.revision.content for stored in bob.rpc("content_pieces")["pieces"])

    bob.cli("get", published.name, "-o", tmp_path / "copy")

    assert_same_files(tmp_path / "copy", published.folder)


def test_interrupted_get_goes_on_and_is_complete(alice, model, tmp_path):
    copy = tmp_path / "copy"
    # What a cut-off transfer leaves: one file short by its second half, the others missing.
    alice.cli("get", MODEL_NAME, "config.json", "vocab.txt", "-o", copy)
    before = files_of(copy)

    got = alice.cli_json("get", MODEL_NAME, "-o", copy, seconds=180)

    assert {file["path"] for file in got["files"] if file["outcome"] == "kept"} == set(before)
    assert_same_files(copy, model.folder)


def test_one_wrong_byte_in_a_copy_is_found(alice, model, tmp_path):
    copy = tmp_path / "copy"
    alice.cli("get", MODEL_NAME, "-o", copy, seconds=180)
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)
        file.seek(50_000_000)
        file.write(bytes([byte[0] ^ 1]))

    failed = alice.cli_fails("verify", copy, f"{MODEL_NAME}@main")

    assert failed.code == 4, failed
    assert "model.safetensors" in failed.out + failed.err


def test_unknown_names_are_reported_as_absent(alice):
    failed = alice.cli_fails("show", "nobody/nothing")
    assert failed.code == 3, failed
    assert "nobody/nothing" in failed.err
