// A Helia that speaks only Bitswap, and only with the peers it is told to dial.
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'

export function libp2pConfig(listen = []) {
  return {
    addresses: { listen },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
  }
}

export async function startHelia(listen = []) {
  return withBitswap(withLibp2pLight(createHeliaLight(), libp2pConfig(listen))).start()
}

export async function connectedHelia(address) {
  const helia = await startHelia()
  await helia.libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(20_000) })
  return helia
}
