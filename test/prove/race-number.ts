/** Numbers drawn by many at once: counted ones without a gap, the fleet's without a double, on a full day too. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'
import { withClient } from '#platform/database.ts'
import type { Reply } from '../fixture.ts'
import { atOnce, captain, countBy, queryAll } from './race-world.ts'
import type { Replicas } from './race-world.ts'
import type { Figures, Size } from './proof.ts'

const isShort = (number: string): boolean => /-[0-9A-F]{3}$/.test(number)
const numbersOf = (replies: readonly Reply[]): string[] => {
  assert.deepEqual(countBy(replies), { '201': replies.length })
  return replies.map((reply) => String(reply.body.number)).toSorted()
}

export async function raceCounted({ call }: Replicas, size: Size): Promise<Figures> {
  const many = size === 'small' ? 48 : 480
  const before = await call('Pat Planner', 'POST', '/v1/work-orders', { title: 'The one before' })
  const first = Number(String(before.body.number).slice(-6)) + 1
  const replies = await atOnce(many, (i) =>
    // A refused creation in between takes no number with it.
    i % 6 === 5
      ? call('Pat Planner', 'POST', '/v1/work-orders', {
          title: 'No',
          planned_start: '2026-11-21T00:00:00Z',
          planned_end: '2026-11-20T00:00:00Z',
        })
      : call('Pat Planner', 'POST', '/v1/work-orders', { title: `Counted ${i}` }),
  )
  const made = replies.filter(({ status }) => status === 201)
  assert.equal(made.length, many - Math.floor(many / 6))
  const counted = numbersOf(made).map((number) => Number(number.slice(-6)))
  assert.deepEqual(
    counted,
    counted.map((_count, i) => first + i),
    'counted without a gap',
  )
  return { 'counted numbers drawn at once': made.length }
}

/** Days in the tenant's numbers are UTC; the run may go past midnight. */
const fillDays = `
  insert into work_order_numbers (tenant_id, number, work_order_id)
  select t.tenant_id, 'WO-' || to_char(day at time zone 'UTC', 'YYYY-MMDD') || '-' || upper(lpad(to_hex(n), 3, '0')), gen_random_uuid()
    from tenants t, generate_series(0, 4095) n, unnest(array[now(), now() + interval '1 day']) day
   where t.slug = 'superportia'
      on conflict do nothing returning number`

/**
 * Every number of three digits is taken, by a transaction that has not ended when the creations draw theirs:
 * each of them meets a number that was free when it looked. Then a few are free again.
 */
export async function raceFleetNumbers(replicas: Replicas, size: Size): Promise<Figures> {
  const many = size === 'small' ? 16 : 64
  const { call, fixture } = replicas
  const create = (i: number) => call(captain, 'POST', '/v1/work-orders', { title: `[Race-Number] ${i}` })
  const plenty = numbersOf(await atOnce(many, create))
  const widened = await withClient(fixture.adminUrl, async (client) => {
    await client.query('begin')
    await client.query(fillDays)
    const drawing = atOnce(many, create)
    await awaitBlocked(client, Math.min(many, 16))
    await client.query('commit')
    return numbersOf(await drawing)
  })
  for (const number of widened) assert.match(number, /^WO-\d{4}-\d{4}-[0-9A-F]{4}$/)
  const freed = await queryAll<{ number: string }>(
    fixture.adminUrl,
    `delete from work_order_numbers n where number ~ '-[0-9A-F]{3}$' and number ~ '[0-3]$'
        and not exists (select from work_orders wo where wo.id = n.work_order_id) returning number`,
  )
  const mixed = numbersOf(await atOnce(many * 2, create))
  for (const number of mixed) assert.match(number, /^WO-\d{4}-\d{4}-[0-9A-F]{3,4}$/)
  assert.ok(mixed.filter(isShort).every((number) => freed.some((row) => row.number === number)))
  const all = [...plenty, ...widened, ...mixed]
  assert.equal(new Set(all).size, all.length, 'no number twice')
  // What was taken in nobody's name is given back, so that the verifier finds the numbers in order.
  await queryAll(
    fixture.adminUrl,
    `delete from work_order_numbers n where not exists (select from work_orders wo where wo.id = n.work_order_id)`,
  )
  return {
    'fleet numbers drawn at once': all.length,
    'with a fourth digit': all.length - all.filter(isShort).length,
  }
}

/** Until so many others wait for this client's transaction. */
async function awaitBlocked(client: Client, many: number): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where pg_backend_pid() = any (pg_blocking_pids(pid))`,
    )
    if ((rows[0]?.n ?? 0) >= many) return
    assert.ok(performance.now() < deadline, `only ${rows[0]?.n} of ${many} creations wait`)
    await pause(10)
  }
}
