// What every client script does at its end: one line of JSON on standard output, and an exit code.
export async function finish(body) {
  // A client that waits on nothing but time-outs, which don't hold the process, would end it in silence.
  setInterval(() => {}, 1000)
  try {
    const result = await body()
    await say(result)
    process.exit(0)
  } catch (error) {
    console.error(error)
    process.exit(1)
  }
}

export function say(value) {
  return new Promise((resolve) => {
    process.stdout.write(JSON.stringify(value, encode) + '\n', resolve)
  })
}

function encode(_key, value) {
  return typeof value === 'bigint' ? value.toString() : value
}

export function check(holds, what) {
  if (!holds) throw new Error(what)
}
