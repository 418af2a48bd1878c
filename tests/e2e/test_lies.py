"""A publisher registers one thing and uploads another: nobody who checks is fooled."""

import random

from car import cid_text, folder_car
from harness import RpcError
from registry import register, resolve
from uploads import piece_of, upload


def test_content_that_is_not_what_was_registered_is_refused_by_readers(alice, bob, clients, tmp_path):
    # The chain can't see that this piece holds another folder than its CID says.
    root, _, _ = folder_car({"file.bin": random.randbytes(30_000)})
    _, _, body = folder_car({"file.bin": random.randbytes(30_000)})
    claimed = cid_text(root.cid)
    register(alice, clients, "//Eve", "eve/swapped", claimed, piece_of(body))
    answer = upload(alice, body)
    assert answer.status in (201, 422), answer
    bob.wait_for("the registration", lambda: resolve(bob, "eve/swapped"))

    failed = bob.cli_fails("get", "eve/swapped", "-o", tmp_path / "copy")

    assert not (tmp_path / "copy" / "file.bin").exists()
    assert failed.code in (3, 4, 5, 6), failed
    for node in (alice, bob):
        assert node.http(f"/ipfs/{claimed}?format=raw", timeout=120).status == 404
        node.assert_well()


def test_piece_that_nobody_has_is_reported_and_fetching_it_ends(alice, bob, clients):
    root, _, body = folder_car({"file.bin": random.randbytes(30_000)})
    digest, size = piece_of(body)
    register(alice, clients, "//Eve", "eve/absent", cid_text(root.cid), (digest, size))
    bob.wait_for("the registration", lambda: resolve(bob, "eve/absent"))
    try:
        bob.rpc("content_fetch", f"{digest}:{size}", timeout=120)
    except RpcError as error:
        assert error.code in (7001, 7002), error
    else:
        raise AssertionError("a piece that nobody has was fetched")
