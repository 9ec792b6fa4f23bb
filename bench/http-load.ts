/**
 * A load generator that costs next to nothing: one keep-alive socket per client, one request after another,
 * a reply read to its content-length. On a machine of two cores the generator must not be what is measured.
 */
import { connect } from 'node:net'

export type Exchange = {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly headers?: string
}
export type LoadResult = {
  readonly done: number
  readonly seconds: number
  readonly latenciesMs: number[]
  readonly refused: number
  readonly firstRefusal: string | undefined
}

/** Each client asks `next(client, turn)` for its next request until the time is up. */
export async function load(
  url: string,
  key: string,
  clients: number,
  seconds: number,
  next: (client: number, turn: number) => Exchange,
): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const latenciesMs: number[] = []
  let refused = 0
  let firstRefusal: string | undefined
  const start = performance.now()
  const until = start + seconds * 1000
  const runClient = (client: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      socket.setNoDelay(true)
      let turn = 0
      let sentAt = 0
      let buffered = ''
      const send = (): void => {
        const now = performance.now()
        if (now > until) {
          socket.end()
          resolve()
          return
        }
        const { method, path, body = '', headers = '' } = next(client, turn)
        turn += 1
        sentAt = now
        socket.write(
          `${method} ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\naccept: application/json\r\n${headers}` +
            `${body === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`}\r\n${body}`,
        )
      }
      socket.setEncoding('latin1')
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', (chunk: string) => {
        buffered += chunk
        const end = buffered.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = Number(/content-length: (\d+)/i.exec(buffered.slice(0, end))?.[1] ?? 0)
        if (buffered.length < end + 4 + length) return
        latenciesMs.push(performance.now() - sentAt)
        if (!buffered.startsWith('HTTP/1.1 2')) {
          refused += 1
          firstRefusal ??= buffered
        }
        buffered = ''
        send()
      })
    })
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)))
  return {
    done: latenciesMs.length,
    seconds: (performance.now() - start) / 1000,
    latenciesMs,
    refused,
    firstRefusal,
  }
}
