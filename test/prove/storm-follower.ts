/**
 * Who listens to the live events throughout the storm, coming back each time with the id of the last event it
 * has: at the end it must have heard every entry of its tenant once, in the order of the log.
 */
import { setTimeout as pause } from 'node:timers/promises'

export type Follower = {
  /** Ids of the entries, as they came. */
  readonly heard: readonly string[]
  readonly reconnects: () => number
  stop(): Promise<void>
}

export function follow(url: () => string, apiKey: string): Follower {
  const heard: string[] = []
  const closing = new AbortController()
  let place = '0-00000000-0000-0000-0000-000000000000'
  let connects = 0
  const listen = async (): Promise<void> => {
    const response = await fetch(`${url()}/v1/events`, {
      headers: { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream', 'last-event-id': place },
      signal: closing.signal,
    })
    if (response.status !== 200 || response.body === null) return
    connects += 1
    let text = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = (text + chunk).split('\n\n')
      // What was not sent to its end did not happen: it comes again.
      text = messages.pop() ?? ''
      for (const message of messages) {
        const id = /^id: (.+)$/m.exec(message)?.[1]
        if (id === undefined) continue
        place = id
        heard.push(id.slice(id.indexOf('-') + 1))
      }
    }
  }
  const running = (async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await listen().catch(() => undefined)
      if (!closing.signal.aborted) await pause(50)
    }
  })()
  return {
    heard,
    reconnects: () => Math.max(0, connects - 1),
    async stop() {
      closing.abort()
      await running
    },
  }
}
