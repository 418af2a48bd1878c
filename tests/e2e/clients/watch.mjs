// Fetches content into a node's store and follows how it goes on: `watch.mjs URL TARGET`.
import { WsProvider } from '@polkadot/api'
import { finish } from './report.mjs'

const [url, target] = process.argv.slice(2)

await finish(async () => {
  const provider = new WsProvider(url)
  await provider.isReady
  const updates = await new Promise((resolve, reject) => {
    const seen = []
    provider
      .subscribe('content_fetchProgress', 'content_fetchWatch', [target], (error, update) => {
        if (error) return reject(error)
        seen.push(update)
        if (update.state !== 'running') resolve(seen)
      })
      .catch(reject)
  })
  await provider.disconnect()
  return { updates }
})
