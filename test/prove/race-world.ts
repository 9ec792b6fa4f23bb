/**
 * What races are run on: two services on one database, as replicas are, so that nothing which one process
 * remembers can be what keeps the order.
 */
import assert from 'node:assert/strict'
import { buildHttp } from '#edges/http.ts'
import { openService } from '#edges/open-service.ts'
import { withClient } from '#platform/database.ts'
import { send } from '../fixture.ts'
import type { Fixture, Reply } from '../fixture.ts'

export type Replicas = {
  readonly fixture: Fixture
  /** A call through the one service or the other, by turns. */
  readonly call: (
    principal: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Reply>
  /** The same with a key that is not of the demo. */
  readonly send: (key: string, method: string, path: string, body?: unknown) => Promise<Reply>
  close(): Promise<void>
}

/** A second service beside the fixture's own, on the same database. */
export async function openReplicas(fixture: Fixture): Promise<Replicas> {
  const { service } = fixture
  // The database is the fixture's to release.
  const shared = { ...service.installation, release: () => Promise.resolve() }
  const second = await openService(service.config, 'test-replica', {
    connections: 8,
    installed: shared,
  })
  const app = await buildHttp(second)
  const urls = [fixture.url, await app.listen({ port: 0, host: '127.0.0.1' })]
  let turn = 0
  return {
    fixture,
    call(principal, method, path, body, headers) {
      turn += 1
      return send(`${urls[turn % 2]}${path}`, fixture.keyOf(principal), method, body, headers)
    },
    send(key, method, path, body) {
      turn += 1
      return send(`${urls[turn % 2]}${path}`, key, method, body)
    },
    async close() {
      await app.close()
      await second.close()
    },
  }
}

export const captain = '夏哥'
export const worker = 'Mac CLI 小克'

/** Fleet work orders in progress. */
export async function makeWorkOrders({ call }: Replicas, many: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < many; i += 1) {
    const made = await call(captain, 'POST', '/v1/work-orders', {
      title: `[Race-Proof] ${i}`,
      assignee: worker,
    })
    assert.equal(made.status, 201, made.text)
    for (const to of ['accepted', 'in_progress']) {
      const moved = await call(worker, 'POST', `/v1/work-orders/${made.body.id}/transitions`, { to })
      assert.equal(moved.status, 200, moved.text)
    }
    ids.push(made.body.id)
  }
  return ids
}

/** So many at once, each told which one it is. */
export const atOnce = <T>(many: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: many }, (_, i) => work(i)))

export function countBy(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, body } of replies) {
    const what = status < 300 ? String(status) : `${status} ${body?.code}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

export const queryAll = async <Row extends object>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> => withClient(url, async (client) => (await client.query<Row>(text, values)).rows)
