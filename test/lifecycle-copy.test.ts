/** The database's copy of the lifecycles is the domain's: the same edges, into the same categories. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { categories } from '#domain/lifecycle.ts'
import { lifecycleNames, lifecycles } from '#domain/lifecycles.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

/** Also the two ways in: a new work order ('') and history that was closed elsewhere ('import'). */
function listEdges(): string[] {
  return lifecycleNames.flatMap((name) => {
    const { initial, states, transitions } = lifecycles[name]
    const done = Object.keys(states).filter((state) => states[state]?.category === 'done')
    const edges = [
      ['', initial],
      ...done.map((state) => ['import', state]),
      ...transitions.map(({ from, to, gate }) => [from, to, gate?.name]),
    ]
    return edges.map(
      ([from, to = '', gate]) =>
        `${name}: ${from} → ${to} (${states[to]?.category})${gate === undefined ? '' : ` by ${gate}`}`,
    )
  })
}

test('R-SCH-2 the database knows the edges of the domain and no others', async () => {
  const stored = await withClient(fixture.adminUrl, (client) =>
    client.query<{ edge: string }>(
      `select format('%s: %s → %s (%s)', lifecycle, from_status, to_status, to_category) || coalesce(' by ' || gate, '') as edge from lifecycle_transitions`,
    ),
  )
  const edges = listEdges()
  assert.ok(edges.length > 45)
  assert.equal(new Set(edges).size, edges.length)
  assert.deepEqual(stored.rows.map((row) => row.edge).toSorted(), edges.toSorted())
})

test('R-SCH-2 the checks on categories and lifecycles name what the domain has', async () => {
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint
        where conname in ('lifecycle_transitions_to_category_check', 'tenants_default_lifecycle_check') order by conname`,
    ),
  )
  const named = rows.map((row) => [...row.definition.matchAll(/'([a-z-]+)'::text/g)].map((match) => match[1]))
  assert.deepEqual(named, [[...categories], [...lifecycleNames]])
})
