/** Damage of the index of trees, planted past every guard of the database: each kind is found, and told in a finding. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'pg'
import { raiseTreeDamage } from '#capabilities/hierarchy/check.ts'
import { openFixture } from '../fixture.ts'

test('R-TRE-7 a tree that does not fit its records is found, whatever is wrong with it, and a finding says so', async (t) => {
  const fixture = await openFixture()
  const client = new Client({ connectionString: fixture.adminUrl })
  await client.connect()
  t.after(async () => {
    await client.end()
    await fixture.close()
  })
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders/batch', {
    work_orders: [
      { key: 'm', title: 'Master', lifecycle: 'change-control' },
      { key: 'a', title: 'First', lifecycle: 'change-control', parent: 'm' },
      { key: 'b', title: 'Second', lifecycle: 'change-control', parent: 'm' },
    ],
  })
  assert.equal(made.status, 201, made.text)
  const [, a, b] = made.body.data as { id: string; number: string }[] as [Made, Made, Made]
  const tied = await fixture.call('Pat Planner', 'POST', `/v1/work-orders/${b.number}/dependencies`, {
    predecessor: a.number,
  })
  assert.equal(tied.status, 200, tied.text)
  const tenantOf = `select tenant_id from tree_nodes where work_order_id = $1`
  const { rows } = await client.query<{ tenant_id: string }>(tenantOf, [a.id])
  const tenantId = rows[0]?.tenant_id ?? ''
  const check = (): Promise<number> => raiseTreeDamage(fixture.service.floor, tenantId)
  assert.equal(await check(), 0)

  await client.query('set session_replication_role = replica')
  const plants: readonly (readonly [string, string, string])[] = [
    [
      'parent',
      `update tree_nodes set parent_id = null, root_id = work_order_id where work_order_id = $1`,
      a.id,
    ],
    ['dependency', `delete from dependencies where work_order_id = $1`, b.id],
    ['dependency', `update dependencies set lag_hours = 7 where work_order_id = $1`, b.id],
    ['rank', `update tree_nodes set rank = 99 where work_order_id = $1`, a.id],
    ['root', `update tree_nodes set root_id = work_order_id where work_order_id = $1`, a.id],
  ]
  for (const [kind, plant, id] of plants) {
    const copy = `create temp table nodes as table tree_nodes; create temp table ties as table dependencies`
    await client.query(copy)
    await client.query(plant, [id])
    assert.ok((await check()) > 0, plant)
    const told = JSON.stringify(await lastFinding(client))
    assert.ok(told.includes(`"kind":"${kind}"`), `${plant}: ${told}`)
    await client.query(
      `delete from dependencies; delete from tree_nodes; insert into tree_nodes table nodes;
       insert into dependencies table ties; drop table nodes, ties`,
    )
    assert.equal(await check(), 0, 'as it was before')
  }

  await client.query(
    `update work_orders set predecessors = jsonb_build_array(jsonb_build_object('id', $2::text, 'lag_hours', 0)) where id = $1`,
    [a.id, b.id],
  )
  assert.ok((await check()) > 0)
  assert.deepEqual(new Set((await lastFinding(client)).detail?.cycle), new Set([a.number, b.number]))
})

type Made = { readonly id: string; readonly number: string }

/** The newest entry of the finding. */
async function lastFinding(client: Client): Promise<{ detail?: { cycle: string[] } }> {
  const { rows } = await client.query<{ body: string }>(
    `select convert_from(body, 'UTF8') as body from entries where record_kind = 'finding' order by id desc limit 1`,
  )
  return JSON.parse(rows[0]?.body ?? '{}') as { detail?: { cycle: string[] } }
}
