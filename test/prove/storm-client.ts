/**
 * One client of the storm. It does one thing after another, each under an idempotency key of its own, and
 * repeats a thing under the same key until it has an answer that settles it. Every attempt's request id
 * begins with the key, so that the entry which a key left behind is found without asking the service.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from './proof.ts'

/** Longer than any recovery may take: a request without an answer by then hangs. */
const answerWithinMs = 30_000
const mostAttempts = 400

export type Deed = 'transition' | 'comment' | 'create'
export type Acknowledged = {
  readonly key: string
  readonly deed: Deed
  readonly id: string
  readonly version: number | undefined
  readonly attempts: number
  readonly replayed: boolean
  readonly begunAt: number
  readonly answeredAt: number
}
export type Storm = {
  readonly url: () => string
  /** API keys of who may do all of it. */
  readonly keys: readonly string[]
  readonly workOrders: readonly string[]
  readonly acknowledged: Acknowledged[]
  /** Answers that no client should ever get. */
  readonly wrong: string[]
  readonly counts: Map<string, number>
  /** No new deeds; those that are under way are brought to their end. */
  stopped: boolean
  /** The proof has failed: everything is left as it is. */
  abandoned: boolean
}

type Answer = { readonly status: number; readonly replayed: boolean; readonly body: Record<string, unknown> }

export async function runClient(storm: Storm, name: string, own: string, random: Random): Promise<void> {
  const states = new Map<string, string>()
  for (let turn = 0; !storm.stopped; turn += 1) {
    // Mostly a work order that no other client prefers, often enough one that others move too.
    const id = random.next() < 0.8 ? own : random.pick(storm.workOrders)
    const share = random.next()
    const deed: Deed = share < 0.8 ? 'transition' : share < 0.93 ? 'comment' : 'create'
    const key = `${name}.${turn}`
    const request = toRequest(deed, id, key, states.get(id) ?? 'in_progress')
    const begunAt = performance.now()
    const settled = await settle(storm, key, request, random)
    if (settled === undefined) return
    const { answer, attempts } = settled
    const { status, body } = answer
    if (deed === 'transition') states.set(id, toState(body))
    count(storm, `${status}`)
    if (status !== 200 && status !== 201) {
      // Somebody else moved it first: the only refusal that a well-behaved client may meet here.
      if (body['code'] !== 'wrong_status') storm.wrong.push(`${key}: ${status} ${JSON.stringify(body)}`)
      continue
    }
    storm.acknowledged.push({
      key,
      deed,
      id: deed === 'create' ? String(body['id']) : id,
      version: deed === 'comment' ? undefined : Number(body['version']),
      attempts,
      replayed: answer.replayed,
      begunAt,
      answeredAt: performance.now(),
    })
  }
}

/** Where the work order is now, by the answer or by the refusal. */
function toState({ status, current }: Answer['body']): string {
  return typeof current === 'string' ? current : typeof status === 'string' ? status : 'in_progress'
}

/** A person with a session who only reads: let in, or told to come back later, and never taken for a stranger. */
export async function runReader(storm: Storm, cookie: string): Promise<void> {
  while (!storm.stopped) {
    try {
      const response = await fetch(`${storm.url()}/v1/me`, {
        headers: { cookie, accept: 'application/json' },
        signal: AbortSignal.timeout(answerWithinMs),
      })
      const text = await response.text()
      count(storm, `read ${response.status}`)
      if (response.status !== 200 && response.status !== 503)
        storm.wrong.push(`reader: ${response.status} ${text}`)
    } catch (error) {
      if ((error as Error).name === 'TimeoutError')
        storm.wrong.push(`reader: no answer within ${answerWithinMs} ms`)
    }
    await pause(50)
  }
}

const count = (storm: Storm, what: string): void =>
  void storm.counts.set(what, (storm.counts.get(what) ?? 0) + 1)

type Request = { readonly path: string; readonly body: object }

function toRequest(deed: Deed, id: string, key: string, state: string): Request {
  if (deed === 'create') {
    const body = { title: `[Storm-Proof] ${key}`, assignee: 'Mac CLI 小克', description: key }
    return { path: '/v1/work-orders', body }
  }
  if (deed === 'comment') return { path: `/v1/work-orders/${id}/comments`, body: { body: `comment ${key}` } }
  const to = state === 'in_progress' ? 'blocked' : 'in_progress'
  return { path: `/v1/work-orders/${id}/transitions`, body: { to, notes: key } }
}

/** Repeats under the same key while the service or its database is away. */
async function settle(
  storm: Storm,
  key: string,
  request: Request,
  random: Random,
): Promise<{ answer: Answer; attempts: number } | undefined> {
  const apiKey = random.pick(storm.keys)
  for (let attempts = 1; attempts <= mostAttempts && !storm.abandoned; attempts += 1) {
    try {
      const answer = await send(storm.url(), apiKey, `${key}/${attempts}`, key, request)
      if (answer.status !== 503) return { answer, attempts }
      count(storm, '503')
      if (answer.body['code'] !== 'unavailable')
        storm.wrong.push(`${key}: 503 ${JSON.stringify(answer.body)}`)
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') {
        storm.wrong.push(`${key}: no answer within ${answerWithinMs} ms`)
        return undefined
      }
      count(storm, 'connection lost')
    }
    await pause(20 + random.int(80))
  }
  storm.wrong.push(`${key}: away for ${mostAttempts} attempts`)
  return undefined
}

async function send(
  url: string,
  apiKey: string,
  requestId: string,
  key: string,
  { path, body }: Request,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': key,
      'x-request-id': requestId,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerWithinMs),
  })
  const text = await response.text()
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed') === 'true',
    body: JSON.parse(text) as Record<string, unknown>,
  }
}
