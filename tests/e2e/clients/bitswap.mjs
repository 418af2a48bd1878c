// Speaks Bitswap by hand, to say what no well-behaved client says: `bitswap.mjs ADDRESS SCENARIO CID [SECONDS]`.
// After each scenario a fresh, polite peer asks for the block of CID, and waits so long for it.
import { createHash, randomBytes } from 'node:crypto'
import { createLibp2p } from 'libp2p'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { libp2pConfig } from './libp2p.mjs'
import { check, finish } from './report.mjs'

const PROTOCOL = '/ipfs/bitswap/1.2.0'
const [address, scenario, good, patience = '30'] = process.argv.slice(2)

// --- what goes over the wire

function varint(number) {
  const bytes = []
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128)
  return Buffer.from([...bytes, number])
}
const field = (number, body) => Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
const flag = (number, value) => Buffer.concat([varint(number * 8), varint(value)])
const framed = (message) => Buffer.concat([varint(message.length), message])

function wantlist(cids, { have = false, cancel = false, full = false } = {}) {
  const entries = cids.map((cid) => field(1, Buffer.concat([
    field(1, Buffer.from(cid)), flag(2, 1), flag(3, cancel ? 1 : 0), flag(4, have ? 1 : 0), flag(5, 1),
  ])))
  return field(1, Buffer.concat([...entries, flag(2, full ? 1 : 0)]))
}

const multihash = (code, digest, length = digest.length) => Buffer.concat([varint(code), varint(length), digest])
const cidV1 = (hash, codec = 0x55) => Buffer.concat([varint(1), varint(codec), hash])

function fields(bytes) {
  const found = []
  let at = 0
  const number = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = number()
    if (tag % 8 === 0) found.push([Math.floor(tag / 8), number()])
    else {
      const length = number()
      found.push([Math.floor(tag / 8), bytes.subarray(at, at + length)])
      at += length
    }
  }
  return found
}

// --- a peer

class Peer {
  blocks = new Set()
  present = 0
  absent = 0
  #waiting = []

  static async dial() {
    const peer = new Peer()
    peer.libp2p = await createLibp2p(libp2pConfig())
    await peer.libp2p.handle(PROTOCOL, (stream) => peer.#read(stream))
    peer.connection = await peer.libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(20_000) })
    peer.out = await peer.connection.newStream(PROTOCOL, { signal: AbortSignal.timeout(20_000) })
    return peer
  }

  async send(bytes) {
    // The other side may close what it dislikes; that is an answer too.
    try {
      if (!this.out.send(bytes)) await this.out.onDrain({ signal: AbortSignal.timeout(10_000) })
      return true
    } catch {
      return false
    }
  }

  async #read(stream) {
    let rest = Buffer.alloc(0)
    try {
      for await (const chunk of stream) {
        rest = Buffer.concat([rest, chunk.subarray()])
        for (;;) {
          const end = rest.subarray(0, 5).findIndex((byte) => byte < 128)
          if (end < 0) break
          let length = 0
          for (let i = end; i >= 0; i--) length = length * 128 + (rest[i] & 127)
          if (rest.length < end + 1 + length) break
          this.#take(rest.subarray(end + 1, end + 1 + length))
          rest = rest.subarray(end + 1 + length)
        }
      }
    } catch {
      // Cut by the other side.
    }
  }

  #take(message) {
    for (const [number, body] of fields(message)) {
      if (number === 3) {
        const data = fields(body).find(([inner]) => inner === 2)?.[1] ?? Buffer.alloc(0)
        this.blocks.add(createHash('sha256').update(data).digest('hex'))
      } else if (number === 4) {
        const type = fields(body).find(([inner]) => inner === 2)?.[1] ?? 0
        if (type === 0) this.present++
        else this.absent++
      }
    }
    this.#waiting = this.#waiting.filter(({ done, resolve }) => !done() || (resolve(true), false))
  }

  // Whether `done` came true within the time.
  until(done, seconds) {
    if (done()) return Promise.resolve(true)
    return new Promise((resolve) => {
      this.#waiting.push({ done, resolve })
      setTimeout(() => resolve(done()), seconds * 1000).unref()
    })
  }

  async fetch(cid, seconds) {
    const digest = Buffer.from(CID.parse(cid).multihash.digest).toString('hex')
    await this.send(framed(wantlist([CID.parse(cid).bytes])))
    return this.until(() => this.blocks.has(digest), seconds)
  }

  stop() {
    return this.libp2p.stop()
  }
}

// --- what is said

const unknown = () => cidV1(multihash(0x12, randomBytes(32)))
const many = (count, make = unknown) => Array.from({ length: count }, make)

const scenarios = {
  // Ten thousand blocks that nobody has, asked for at once.
  async 'wantlist-10000'(peer) {
    await peer.send(framed(wantlist(many(10_000))))
    await peer.until(() => peer.absent > 0, 20)
    check(peer.absent > 0, 'the node says of none that it lacks it')
  },
  // The same, as have-questions in a row of messages, with the list marked as whole each time.
  async 'wantlist-10000-in-pieces'(peer) {
    for (let i = 0; i < 100; i++) {
      if (!await peer.send(framed(wantlist(many(100), { have: true, full: true })))) break
    }
    await peer.until(() => peer.absent > 0, 20)
    check(peer.absent > 0, 'the node says of none that it lacks it')
  },
  // One block that exists, asked for ten thousand times.
  async 'same-block-10000'(peer) {
    await peer.send(framed(wantlist(many(10_000, () => CID.parse(good).bytes), { have: true })))
    await peer.until(() => peer.present > 0, 20)
    check(peer.present > 0, 'the node says that it has the block')
  },
  async 'short-digests'(peer) {
    const lengths = [0, 1, 16, 20, 31, 33, 64]
    await peer.send(framed(wantlist(lengths.map((length) => cidV1(multihash(0x12, randomBytes(length)))))))
    // A length that the digest doesn't have.
    await peer.send(framed(wantlist([cidV1(multihash(0x12, randomBytes(8), 32))])))
  },
  async 'unknown-hash-codes'(peer) {
    const codes = [0x00, 0x01, 0x11, 0x13, 0x1e, 0x22, 0xd5, 0x9999, 0xb201, 0x300000]
    await peer.send(framed(wantlist(codes.map((code) => cidV1(multihash(code, randomBytes(32)))))))
    await peer.send(framed(wantlist([multihash(0x12, randomBytes(32)), Buffer.alloc(0), randomBytes(5), randomBytes(300)])))
  },
  async 'cancels'(peer) {
    await peer.send(framed(wantlist(many(1000), { cancel: true })))
  },
  async 'not-protobuf'(peer) {
    await peer.send(framed(Buffer.alloc(1000, 0xff)))
    await peer.send(framed(randomBytes(5000)))
  },
  // A frame that claims a gigabyte.
  async 'huge-frame'(peer) {
    await peer.send(Buffer.concat([varint(1 << 30), randomBytes(1000)]))
  },
  // Blocks that nobody asked for.
  async 'unasked-blocks'(peer) {
    const prefix = Buffer.from([1, 0x55, 0x12, 0x20])
    for (let i = 0; i < 8; i++) {
      await peer.send(framed(field(3, Buffer.concat([field(1, prefix), field(2, randomBytes(200_000))]))))
    }
  },
  async 'nothing'() {},
}

await finish(async () => {
  const rude = await Peer.dial()
  await scenarios[scenario](rude)
  const polite = await Peer.dial()
  const began = Date.now()
  const served = await polite.fetch(good, Number(patience))
  const result = {
    scenario, served, milliseconds: Date.now() - began, absent: rude.absent, present: rude.present,
    open: rude.connection.status === 'open',
  }
  await Promise.all([rude.stop(), polite.stop()])
  return result
})
