"""Uploads to a gateway as a wallet would do them: a challenge, a signature, a CAR."""

from __future__ import annotations

import json
from typing import Any

import blake3
import sr25519

from harness import Node, Response

# The well-known accounts of development chains: address and seed.
SEEDS = {
    "alice": "e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a",
    "bob": "398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89",
}
ADDRESSES = {
    "alice": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
    "bob": "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
}


def challenge(node: Node, account: str = "alice") -> dict[str, Any]:
    body = json.dumps({"account": ADDRESSES[account]}).encode()
    answer = node.http("/upload/challenge", "POST", body, content_type="application/json")
    assert answer.status == 200, answer
    return answer.json()


def sign(text: str, account: str = "alice") -> str:
    pair = sr25519.pair_from_seed(bytes.fromhex(SEEDS[account]))
    return sr25519.sign(pair, text.encode()).hex()


def put(node: Node, nonce: str, signature: str | None, body: bytes, piece: str | None = None) -> Response:
    headers = {"X-Stoa-Signature": "0x" + signature} if signature else {}
    if piece:
        headers["X-Stoa-Piece"] = piece
    return node.http(f"/upload/{nonce}", "PUT", body, content_type="application/vnd.ipld.car", **headers)


def upload(node: Node, body: bytes, account: str = "alice", piece: str | None = None) -> Response:
    asked = challenge(node, account)
    return put(node, asked["nonce"], sign(asked["challenge"], account), body, piece)


def piece_of(body: bytes) -> tuple[str, int]:
    return blake3.blake3(body).hexdigest(), len(body)
