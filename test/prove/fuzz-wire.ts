/**
 * A client that sends exactly the bytes it is given, whether they are HTTP or not, and reads whatever comes
 * back. One socket for each request, so that a broken one breaks nothing else.
 */
import { connect } from 'node:net'

export type Heard = {
  /** 0 when the connection was closed without an answer. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  readonly ms: number
  readonly timedOut: boolean
}

/**
 * A request that is not whole is ended by our side, so that the server need not wait for the rest; a whole one is
 * not, because a server may take that for a caller who has gone.
 */
export function exchange(url: string, bytes: Buffer, isWhole: boolean, withinMs: number): Promise<Heard> {
  const { hostname, port } = new URL(url)
  const begun = performance.now()
  const isHead = bytes.toString('latin1', 0, 5) === 'HEAD '
  const isRead = bytes.toString('latin1', 0, 4) === 'GET '
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port) })
    const finish = (timedOut: boolean): void => {
      socket.destroy()
      clearTimeout(timer)
      resolve({ ...parse(Buffer.concat(chunks), isHead), ms: performance.now() - begun, timedOut })
    }
    const timer = setTimeout(() => finish(true), withinMs)
    socket.on('connect', () => void (isWhole ? socket.write(bytes) : socket.end(bytes)))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (isComplete(Buffer.concat(chunks), isRead)) finish(false)
    })
    // A refusal may come while the request is still being sent; what was received counts.
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
}

/** Some answers end before their connection does. */
function isComplete(raw: Buffer, isRead: boolean): boolean {
  const { head, body } = split(raw)
  // A stream of events stays open: its head is the answer.
  if (isRead && head.includes('\r\ncontent-type: text/event-stream')) return true
  return (
    head.includes('\r\ntransfer-encoding: chunked') &&
    body.subarray(-7).toString('latin1') === '\r\n0\r\n\r\n'
  )
}

/** An interim answer (100 Continue) is followed by the answer proper. */
function split(raw: Buffer): { head: string; body: Buffer } {
  const end = raw.indexOf('\r\n\r\n')
  const head = raw.toString('latin1', 0, Math.max(0, end)).toLowerCase()
  const body = end < 0 ? Buffer.alloc(0) : raw.subarray(end + 4)
  return head.startsWith('http/1.1 1') ? split(body) : { head, body }
}

function parse(raw: Buffer, isHead: boolean): Pick<Heard, 'status' | 'headers' | 'text'> {
  const { head, body } = split(raw)
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map(
      (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
    ),
  )
  const isChunked = headers.get('transfer-encoding') === 'chunked'
  // What follows the first answer answers what followed the first request.
  const length = isHead ? 0 : Number(headers.get('content-length') ?? body.length)
  return {
    status: Number(/^http\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers,
    text: (isChunked ? joinChunks(body) : body.subarray(0, length)).toString('utf8'),
  }
}

function joinChunks(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, end), 16)
    if (end < 0 || !(size > 0)) return Buffer.concat(parts)
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
