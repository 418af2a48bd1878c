"""What broken and hostile clients send: each gets a clear error, and none stops the node or leaves anything behind."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import socket

import pytest

from car import DAG_PB, RAW, Block, car, cid_bytes, cid_text, directory, field, folder_car, header, section, varint
from conftest import VALIDATOR
from harness import Node, RpcError
from registry import Revision, is_served, register, resolve
from uploads import challenge, piece_of, put, sign, upload


@pytest.fixture(scope="module")
def node(chain, tmp_path_factory: pytest.TempPathFactory):
    """A validator of this file's own, which every test must leave well."""
    node = Node(tmp_path_factory.mktemp("bad-input"), "target", chain, *VALIDATOR).start()
    yield node
    try:
        node.assert_well()
    finally:
        node.process.kill()


@pytest.fixture(scope="module")
def good(node: Node, clients) -> Revision:
    """Content of `alice/good` that is served whatever else happens."""
    root, _, body = folder_car({"good.bin": random.randbytes(500_000)})
    assert upload(node, body).status == 201
    revision = register(node, clients, "//Alice", "alice/good", cid_text(root.cid), piece_of(body))
    node.wait_for("it is served", lambda: is_served(node, revision))
    return revision


@pytest.fixture(autouse=True)
def unharmed(node: Node, good):
    """After each test: nothing was stored that was refused, and the node goes on."""
    before = node.rpc("content_status")
    yield
    after = node.rpc("content_status")
    assert (after["pieces"], after["blocks"]) == (before["pieces"], before["blocks"])
    assert node.half_written() == []
    node.assert_answers()


def problem(answer) -> tuple[int, str]:
    """Status and code of an error answer, which must have a sentence for people too."""
    body = answer.json()
    assert len(body["error"]) > 10, body
    return answer.status, body["code"]


# --- malformed CARs


@dataclasses.dataclass
class BadCar:
    name: str
    body: bytes
    status: int = 400
    code: str = "bad-car"


def bad_cars() -> list[BadCar]:
    rng = random.Random(7)
    one, two = Block(RAW, rng.randbytes(900)), Block(RAW, rng.randbytes(800))
    folder = directory({"one": one, "two": two})
    whole = car(folder.cid, [folder, one, two])
    large = Block(RAW, rng.randbytes((2 << 20) + 1))
    truncated_hash = varint(1) + varint(RAW) + bytes([0x12, 16]) + hashlib.sha256(b"x").digest()[:16]
    unknown_hash = varint(1) + varint(RAW) + varint(0x9999) + bytes([32]) + bytes(32)
    garbage = Block(DAG_PB, b"\xff" * 40)
    loop = field(2, field(1, one.cid) + field(2, b"../one") + field(3, 900)) + field(1, field(1, 1))
    escape = Block(DAG_PB, loop)
    return [
        BadCar("empty", b""),
        BadCar("not-a-car", rng.randbytes(5_000)),
        BadCar("header-only", header([folder.cid])),
        BadCar("no-root", header([]) + section(one.cid, one.data)),
        BadCar("two-roots", header([one.cid, two.cid]) + section(one.cid, one.data) + section(two.cid, two.data)),
        BadCar("version-2", header([one.cid], version=2) + section(one.cid, one.data)),
        BadCar("header-of-a-gigabyte", varint(1 << 30) + whole),
        BadCar("section-of-a-gigabyte", header([one.cid]) + varint(1 << 30) + one.cid + one.data),
        BadCar("section-shorter-than-a-cid", header([one.cid]) + varint(10) + one.cid[:10]),
        BadCar("zero-section", header([one.cid]) + varint(0) + section(one.cid, one.data)),
        BadCar("cut-within-a-block", whole[:-1]),
        BadCar("cut-before-the-last-block", car(folder.cid, [folder, one])),
        BadCar("root-missing", header([folder.cid]) + section(one.cid, one.data) + section(two.cid, two.data)),
        BadCar("other-bytes-than-the-cid-says", header([one.cid]) + section(one.cid, two.data)),
        BadCar("block-that-nothing-links-to", car(one.cid, [one, two])),
        BadCar("block-over-two-mebibytes", car(large.cid, [large])),
        BadCar("short-digest", header([one.cid]) + section(truncated_hash, b"x")),
        BadCar("unknown-hash", header([one.cid]) + section(unknown_hash, one.data)),
        BadCar("cid-v0", header([one.cid]) + section(b"\x12\x20" + hashlib.sha256(one.data).digest(), one.data)),
        BadCar("dag-pb-that-is-none", car(garbage.cid, [garbage])),
        BadCar("trailing-bytes", whole + b"\0"),
        BadCar("unfinished-varint", whole + b"\x80"),
    ]


@pytest.mark.parametrize("bad", bad_cars(), ids=lambda bad: bad.name)
def test_malformed_car_is_refused(node, bad):
    answer = upload(node, bad.body)
    assert problem(answer) == (bad.status, bad.code), answer


def test_upload_that_breaks_off_leaves_nothing(node):
    _, _, body = folder_car({"file.bin": random.randbytes(1_500_000)})
    asked = challenge(node)
    head = (
        f"PUT /upload/{asked['nonce']} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        f"X-Stoa-Signature: {sign(asked['challenge'])}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", node.gateway_port)) as connection:
        connection.sendall(head.encode() + body[:700_000])
        node.wait_for("it is written", node.half_written)
    node.wait_for("nothing is left of it", lambda: not node.half_written())


def test_car_of_another_piece_than_announced_is_refused(node):
    _, _, body = folder_car({"file.bin": random.randbytes(10_000)})
    _, _, other = folder_car({"file.bin": random.randbytes(10_000)})
    root, size = piece_of(other)
    assert problem(upload(node, body, piece=f"{root}:{size}")) == (422, "other-piece")
    assert problem(upload(node, body, piece=f"{piece_of(body)[0]}:{size - 1}"))[0] in (400, 422)
    assert problem(upload(node, body, piece="nonsense")) == (400, "bad-piece")


# --- challenges


def small_car() -> bytes:
    return folder_car({"file.bin": random.randbytes(100)})[2]


def test_upload_without_a_challenge_is_refused(node):
    body = small_car()
    assert problem(put(node, "00" * 72, sign("anything"), body)) == (401, "challenge-unknown")
    assert problem(put(node, "nonsense", sign("anything"), body)) == (401, "challenge-unknown")


def test_upload_without_a_signature_or_with_a_wrong_one_is_refused(node):
    body, asked = small_car(), challenge(node)
    assert problem(put(node, asked["nonce"], None, body)) == (400, "bad-signature")
    assert problem(put(node, asked["nonce"], "abcd", body)) == (400, "bad-signature")
    assert problem(put(node, asked["nonce"], sign(asked["challenge"], "bob"), body)) == (401, "wrong-signature")
    assert problem(put(node, asked["nonce"], sign(asked["challenge"] + "0"), body)) == (401, "wrong-signature")


def test_challenge_with_another_account_in_its_nonce_is_refused(node):
    asked = challenge(node)
    forged = bytearray.fromhex(asked["nonce"])
    forged[20] ^= 1
    assert problem(put(node, forged.hex(), sign(asked["challenge"]), small_car())) == (401, "challenge-unknown")


def test_challenge_is_good_for_one_upload(node):
    asked = challenge(node)
    signature = sign(asked["challenge"])
    assert problem(put(node, asked["nonce"], signature, b"not a car")) == (400, "bad-car")
    assert problem(put(node, asked["nonce"], signature, small_car())) == (409, "challenge-answered")


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"account": 7}', b'{"account": "nobody"}', b'{"account": "' + b"5" * 9000 + b'"}'])
def test_malformed_request_for_a_challenge_is_refused(node, body):
    answer = node.http("/upload/challenge", "POST", body, content_type="application/json")
    assert 400 <= answer.status < 500
    assert problem(answer)[1] in ("bad-request", "bad-account")


# --- Bitswap


@pytest.mark.parametrize(
    "scenario",
    [
        "wantlist-10000",
        "wantlist-10000-in-pieces",
        "same-block-10000",
        "short-digests",
        "unknown-hash-codes",
        "cancels",
        "not-protobuf",
        "huge-frame",
        "unasked-blocks",
    ],
)
def test_others_are_served_after_bad_bitswap_messages(node, clients, good, scenario):
    said = clients.js("bitswap.mjs", node.address, scenario, good.content)
    assert said["served"], said


# --- the gateway


@pytest.mark.parametrize(
    "path",
    [
        "/ipfs/",
        "/ipfs/nonsense",
        "/ipfs/Qm",
        "/ipfs/bafybeib?format=raw",
        "/ipfs/{good}",
        "/ipfs/{good}?format=tar",
        "/ipfs/{good}/good.bin?format=raw",
        "/ipfs/{good}?format=car&dag-scope=everything",
        "/ipfs/{good}/../../etc/passwd?format=car",
        "/ipfs/{good}/%2e%2e/%2e%2e/etc/passwd?format=car",
        "/ipfs/{good}/%00?format=car",
        "/ipfs/{good}/" + "a/" * 5000 + "?format=car",
        "/routing/v1/providers/nonsense",
    ],
)
def test_malformed_gateway_requests_are_refused(node, good, path):
    answer = node.http(path.replace("{good}", good.content))
    assert 400 <= answer.status < 500, answer
    assert b"root:" not in answer.body


def test_absent_content_is_not_found(node):
    absent = cid_text(cid_bytes(RAW, random.randbytes(32)))
    assert node.http(f"/ipfs/{absent}?format=raw", timeout=120).status == 404


# --- RPC


@pytest.mark.parametrize("target", ["", "nonsense", "ab:cd", "00" * 32, "00" * 32 + ":-1", "00" * 32 + ":" + "9" * 40, "Qm" * 23])
def test_malformed_fetch_is_refused(node, target):
    with pytest.raises(RpcError):
        node.rpc("content_fetch", target)


def test_pinning_what_is_not_there_is_refused(node):
    with pytest.raises(RpcError):
        node.rpc("content_pin", "00" * 32)


# --- the registry


def test_strangers_cannot_publish_into_a_namespace_or_an_asset(node, good, tmp_path):
    (tmp_path / "file.txt").write_text("mine now")
    into_namespace = node.cli_fails("publish", tmp_path, "--to", "alice/other", "--yes", key="//Bob")
    into_asset = node.cli_fails("publish", tmp_path, "--to", "alice/good", "--yes", key="//Bob")
    assert (into_namespace.code, into_asset.code) == (5, 5), (into_namespace, into_asset)
    assert resolve(node, "alice/other") is None
    assert resolve(node, "alice/good") == good


def test_account_without_money_is_told_so(node, tmp_path):
    (tmp_path / "file.txt").write_text("poor")
    failed = node.cli_fails("publish", tmp_path, "--to", "poor/model", "--yes", key="//Nobody")
    assert failed.code in (1, 5), failed
    assert resolve(node, "poor/model") is None
