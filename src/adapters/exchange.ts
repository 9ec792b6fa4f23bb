/**
 * One request to a neighbour: bounded in time and in size, and never redirected. A neighbour that cannot be
 * reached, is too slow or says too much is away (`Unavailable`); what it answers is for the caller to judge.
 */
import { Unavailable } from '#platform/error.ts'

export type Answer = {
  readonly status: number
  /** Media type in lower case, without parameters. */
  readonly type: string
  readonly body: Buffer
}
export type Request = {
  readonly method?: 'GET' | 'POST'
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | Buffer
  readonly timeoutMs: number
  readonly mostBytes: number
}

/** Throws `Unavailable` with the cause; any HTTP status is an answer. */
export async function exchange({
  method = 'POST',
  url,
  headers,
  body,
  timeoutMs,
  mostBytes,
}: Request): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const [media = ''] = (response.headers.get('content-type') ?? '').split(';')
    return {
      status: response.status,
      type: media.trim().toLowerCase(),
      body: await readBounded(response, mostBytes),
    }
  } catch (cause) {
    throw new Unavailable(`${new URL(url).host} is away: ${tellCause(cause)}`, { cause })
  }
}

async function readBounded(response: Response, mostBytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.length
    // Leaving the loop cancels the body, and with it the connection.
    if (length > mostBytes) throw new Error(`it answers with more than ${mostBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What went wrong, in one line: fetch hides it in the cause of its error. */
function tellCause(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}
