"""CAR files, dag-pb and CIDs, by hand: a second opinion on what the nodes make, and a way to make bad ones."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
from typing import BinaryIO

RAW, DAG_PB = 0x55, 0x70
SHA2_256 = 0x12


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(source: BinaryIO) -> int | None:
    """The next varint, or nothing at the end of the source."""
    number = shift = 0
    while byte := source.read(1):
        number |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return number
    if shift:
        raise ValueError("the source ends within a number")
    return None


def cid_bytes(codec: int, data: bytes) -> bytes:
    return varint(1) + varint(codec) + bytes([SHA2_256, 32]) + hashlib.sha256(data).digest()


def cid_text(cid: bytes) -> str:
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def parse_cid(text: str) -> bytes:
    assert text[0] == "b", text
    body = text[1:].upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))


@dataclasses.dataclass
class Block:
    codec: int
    data: bytes

    @property
    def cid(self) -> bytes:
        return cid_bytes(self.codec, self.data)


def header(roots: list[bytes], version: int = 1) -> bytes:
    """A CAR's first part: `{roots: [CID], version}` in dag-cbor."""
    links = b"".join(b"\xd8\x2a\x58" + bytes([len(cid) + 1]) + b"\0" + cid for cid in roots)
    body = b"\xa2\x65roots" + bytes([0x80 + len(roots)]) + links + b"\x67version" + bytes([version])
    return varint(len(body)) + body


def section(cid: bytes, data: bytes) -> bytes:
    return varint(len(cid) + len(data)) + cid + data


def car(root: bytes, blocks: list[Block]) -> bytes:
    return header([root]) + b"".join(section(block.cid, block.data) for block in blocks)


def field(number: int, body: bytes | int) -> bytes:
    if isinstance(body, int):
        return varint(number << 3) + varint(body)
    return varint(number << 3 | 2) + varint(len(body)) + body


def directory(entries: dict[str, Block]) -> Block:
    """A UnixFS folder of files that have one raw block each."""
    links = b"".join(
        field(2, field(1, block.cid) + field(2, name.encode()) + field(3, len(block.data)))
        for name, block in sorted(entries.items())
    )
    return Block(DAG_PB, links + field(1, field(1, 1)))


def folder_car(files: dict[str, bytes]) -> tuple[Block, list[Block], bytes]:
    """The root, all blocks in the order of a walk, and the CAR of a flat folder."""
    leaves = {name: Block(RAW, data) for name, data in files.items()}
    root = directory(leaves)
    blocks = [root, *(leaves[name] for name in sorted(leaves))]
    return root, blocks, car(root.cid, blocks)


def fields(data: bytes) -> list[tuple[int, bytes | int]]:
    source, found = io.BytesIO(data), []
    while (tag := read_varint(source)) is not None:
        value = read_varint(source)
        assert value is not None
        found.append((tag >> 3, source.read(value) if tag & 7 == 2 else value))
    return found


class Dag:
    """The blocks of a CAR, each checked against its CID as it is read."""

    def __init__(self, source: BinaryIO):
        size = read_varint(source)
        assert size is not None, "the CAR is empty"
        head = source.read(size)
        # What stands around the only root of a header.
        before, after = header([b"?" * 36])[1:].split(b"?" * 36)
        self.root = head.removeprefix(before).removesuffix(after)
        assert head == before + self.root + after and len(self.root) == 36, "the header has no single root"
        self.blocks: dict[bytes, bytes] = {}
        while (length := read_varint(source)) is not None:
            part = source.read(length)
            assert len(part) == length, "the CAR ends within a block"
            cid, data = part[:36], part[36:]
            assert cid == cid_bytes(cid[1], data), f"{cid_text(cid)} has other bytes than its name says"
            self.blocks[cid] = data

    def links(self, cid: bytes) -> list[tuple[str, bytes]]:
        found = []
        for number, body in fields(self.blocks[cid]):
            if number == 2 and isinstance(body, bytes):
                link = dict(fields(body))
                name = link.get(2, b"")
                assert isinstance(name, bytes) and isinstance(link[1], bytes)
                found.append((name.decode(), link[1]))
        return found

    def is_directory(self, cid: bytes) -> bool:
        if cid[1] != DAG_PB:
            return False
        data = dict(fields(self.blocks[cid]))[1]
        assert isinstance(data, bytes)
        return dict(fields(data))[1] == 1

    def file(self, cid: bytes) -> bytes:
        if cid[1] == RAW:
            return self.blocks[cid]
        data = dict(fields(self.blocks[cid]))[1]
        assert isinstance(data, bytes)
        inline = dict(fields(data)).get(2, b"")
        assert isinstance(inline, bytes)
        return inline + b"".join(self.file(child) for _, child in self.links(cid))

    def files(self, cid: bytes | None = None, above: str = "") -> dict[str, bytes]:
        """Every file of the folder by its path."""
        cid = cid or self.root
        found: dict[str, bytes] = {}
        for name, child in self.links(cid):
            if self.is_directory(child):
                found |= self.files(child, f"{above}{name}/")
            else:
                found[above + name] = self.file(child)
        return found
