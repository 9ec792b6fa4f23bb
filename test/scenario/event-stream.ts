/** Reads a stream of server-sent events as a client would: one message at a time, until either side ends it. */

export type StreamMessage =
  | { readonly kind: 'event'; readonly id: string; readonly type: string; readonly data: string }
  | { readonly kind: 'comment'; readonly text: string }

export type EventStream = {
  readonly status: number
  readonly headers: Headers
  /** The rest of the stream; ends when the server ends it, or when it is closed here. */
  messages(): AsyncGenerator<StreamMessage>
  close(): void
}

export async function openStream(
  url: string,
  key: string,
  lastEventId?: string,
  path = '/v1/events',
): Promise<EventStream> {
  const closing = new AbortController()
  const response = await fetch(`${url}${path}`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: closing.signal,
  })
  return {
    status: response.status,
    headers: response.headers,
    messages: () => parseMessages(response, closing.signal),
    close: () => closing.abort(),
  }
}

async function* parseMessages(response: Response, closing: AbortSignal): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) yield parseBlock(block)
    }
  } catch (error) {
    if (!closing.aborted) throw error
  }
}

function parseBlock(block: string): StreamMessage {
  const lines = block.split('\n')
  const valueOf = (field: string): string | undefined =>
    lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2)
  const id = valueOf('id')
  if (id === undefined) return { kind: 'comment', text: block }
  return { kind: 'event', id, type: valueOf('event') ?? '', data: valueOf('data') ?? '' }
}
