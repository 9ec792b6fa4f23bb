/** A stop of the service: what runs is finished, and the stop ends. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

test('R-OPS-4 a stop finishes the requests that run, and ends connections that are idle', async () => {
  const { body } = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', {
    title: 'Slow',
    assignee: 'Lee Lab',
  })
  const idle = connect(Number(new URL(fixture.url).port), '127.0.0.1')
  idle.write('GET /healthz HTTP/1.1\r\nHost: docket\r\n\r\n')
  await once(idle, 'data')
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('begin')
    await client.query('select from work_orders where id = $1 for update', [body.id])
    const running = fixture.call('Pat Planner', 'POST', `/v1/work-orders/${body.id}/transitions`, {
      to: 'assigned',
    })
    await waitForBlocked(fixture.adminUrl)
    const idleEnded = once(idle, 'close')
    const closed = fixture.app.close()
    await idleEnded
    await client.query('commit')
    assert.equal((await running).status, 200)
    await closed
    const { rows } = await client.query<{ status: string }>('select status from work_orders where id = $1', [
      body.id,
    ])
    assert.equal(rows[0]?.status, 'assigned')
  })
})

/** Until somebody waits for the lock. */
async function waitForBlocked(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    for (;;) {
      const { rowCount } = await client.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      if (rowCount !== 0) return
    }
  })
}
