"""Publishing with the command line, and reading the chain's record without it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pathlib

from car import cid_text, varint
from harness import Clients, Node

CODECS = {0: 0x55, 1: 0x70}


@dataclasses.dataclass
class Revision:
    """What the chain keeps of one version."""

    commit: str
    asset: int
    number: int
    content: str
    root: str
    size: int

    @property
    def piece(self) -> dict[str, object]:
        return {"root": self.root, "size": self.size}


@dataclasses.dataclass
class Published:
    """A folder on the chain."""

    name: str
    folder: pathlib.Path
    revision: Revision


def compact(number: int) -> bytes:
    """SCALE's compact integer, for lengths below 16,384."""
    return bytes([number << 2]) if number < 64 else (number << 2 | 1).to_bytes(2, "little")


def resolve(node: Node, name: str, reference: str = "main") -> Revision | None:
    """The revision that the chain of this node has under a name, decoded by hand from the runtime's answer."""
    arguments = b"".join(compact(len(text)) + text for text in (name.encode(), reference.encode()))
    answer = bytes.fromhex(node.rpc("state_call", "AssetRegistryApi_resolve", "0x" + arguments.hex())[2:])
    source = io.BytesIO(answer)
    if source.read(1) == b"\0":
        return None
    commit = source.read(20).hex()
    asset = int.from_bytes(source.read(8), "little")
    number = int.from_bytes(source.read(4), "little")
    codec = CODECS[source.read(1)[0]]
    content = cid_text(varint(1) + varint(codec) + b"\x12\x20" + source.read(32))
    return Revision(commit, asset, number, content, source.read(32).hex(), int.from_bytes(source.read(8), "little"))


def publish(
    node: Node, folder: pathlib.Path, name: str, *flags: str, key: str = "//Alice", seconds: float = 180
) -> Published:
    """Publishes a folder and waits until the chain has it and this node serves it."""
    node.cli("publish", folder, "--to", name, "--yes", *flags, key=key, seconds=seconds)
    revision = node.wait_for(f"{name} on the chain", lambda: resolve(node, name))
    node.wait_for(f"{name} served", lambda: is_served(node, revision))
    return Published(name, folder, revision)


def register(node: Node, clients: Clients, secret: str, name: str, content: str, piece: tuple[str, int]) -> Revision:
    """Puts a revision on the chain with polkadot.js, whatever its bytes are."""
    clients.js("publish-record.mjs", node.rpc_url, secret, name, content, *piece)
    revision = resolve(node, name)
    assert revision, f"{name} isn't on the chain"
    return revision


def is_served(node: Node, revision: Revision) -> bool:
    return node.http(f"/ipfs/{revision.content}?format=raw").status == 200


def files_of(folder: pathlib.Path) -> dict[str, str]:
    """The sha2-256 of every file of a folder by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_same_files(copy: pathlib.Path, original: pathlib.Path) -> None:
    assert files_of(copy) == files_of(original)
