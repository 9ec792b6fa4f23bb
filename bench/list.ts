/**
 * Time of a list of 50 over HTTP, in a tenant of 10,000 work orders and in one of 1,000,000 of the same
 * database, for each filter and order; the ceiling is the same page read by a bare driver by its index.
 */
import { Client } from 'pg'
import { issueHostKey } from '#capabilities/tenant/demo.ts'
import { createPrincipal } from '#capabilities/principal/operations.ts'
import { createAsset } from '#capabilities/asset/operations.ts'
import { asOperator, foundTenant } from '#capabilities/tenant/found.ts'
import { accept } from '#domain/refusal.ts'
import { machine, openWorld, percentile, serveWorld } from './world.ts'
import type { World } from './world.ts'

const sizes = (process.argv[2] ?? '10000,1000000').split(',').map(Number)
const times = Number(process.argv[3] ?? 60)

const queries: { readonly [name: string]: string } = {
  newest: '',
  'status=in_progress': 'status=in_progress',
  'assignee, unfinished': 'assignee=Worker%203&include_completed=false',
  asset: 'asset=A-7',
  'priority=critical': 'priority=critical',
  'project, by update': 'project=P-5&sort=updated',
  overdue: 'overdue=true',
  'overdue, by due date': 'overdue=true&sort=due_date',
  'updated since': 'updated_since=2026-01-01T00:00:00Z&sort=updated',
  'tags=t-9': 'tags=t-9',
  'by priority': 'sort=priority',
  'by due date': 'sort=due_date',
  'hyd leak': 'q=hyd+leak',
  'hyd leak, status': 'q=hyd+leak&status=in_progress',
  'hyd leak, asset': 'q=hyd+leak&asset=A-7',
  'hyd leak, by update': 'q=hyd+leak&sort=updated',
  'hyd leak, never so': 'q=hyd+leak&status=assigned',
  'one in a hundred': 'q=leak+88',
  'one in a thousand': 'q=leak+888',
  'the same, status': 'q=leak+888&status=in_progress',
  'rare words': 'q=gearbox+9999',
  'rare words, by update': 'q=gearbox+9999&sort=updated',
  number: 'number=WO-2026-000777',
}
/** No work order is both: what it costs to learn that. */
const empty = 'hyd leak, never so'

const fillSql = `
  insert into work_orders (tenant_id, id, number, lifecycle, status, category, title, priority, regulatory, origin, requester_id,
                           assignee_id, asset_id, due_date, project, tags, version, entry_seq, entry_id, entry_head, updated_at)
  select $1, uuidv7(make_interval(secs => -(($2 - n) * 0.01))), 'WO-2026-' || lpad(n::text, greatest(6, length(n::text)), '0'), 'change-control',
         s.status, s.category, (array['replace hydraulic hose, leak', 'calibrate balance', 'inspect bucket', 'gearbox noise'])[1 + n % 4] || ' ' || n,
         (array['critical', 'high', 'medium', 'medium', 'medium', 'low', 'low', 'low', 'low', 'low'])[1 + n % 10], false, 'manual', $3,
         (select id from principals p where p.tenant_id = $1 and p.name = 'Worker ' || (n / 3) % 10),
         (select id from assets a where a.tenant_id = $1 and a.tag = 'A-' || (n / 10) % 10),
         date '2026-01-01' + (n % 700), 'P-' || n % 50, array['t-' || n % 100], 1, 1, uuidv7(), '\\x00', now() - make_interval(secs => ($2 - n) * 0.01)
    from generate_series(1, $2::integer) n,
         lateral (select case when n % 10 < 8 then 'closed' when n % 10 = 8 then 'in_progress' else 'assigned' end as status,
                         case when n % 10 < 8 then 'done' when n % 10 = 8 then 'active' else 'ready' end as category) s`

const world = await openWorld()
try {
  const keys: string[] = []
  for (const [i, size] of sizes.entries()) keys.push(await fillTenant(world, `size-${i}`, size))
  const served = await serveWorld(world.folder)
  try {
    console.log(
      `${'list of 50'.padEnd(24)}${sizes.map((size) => `${size} (ms)`.padStart(16)).join('')}   ratio`,
    )
    for (const [name, query] of Object.entries(queries)) {
      const medians: number[] = []
      for (const key of keys) medians.push(await timeList(served.url, key, query, name === empty))
      const ratio = (medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN)
      console.log(
        `${name.padEnd(24)}${medians.map((ms) => ms.toFixed(2).padStart(16)).join('')}   ${ratio.toFixed(2)}`,
      )
    }
    console.log(
      `ceiling, newest 50 by a bare driver: ${(await timeDriver(world)).toFixed(2)} ms (${machine()})`,
    )
  } finally {
    await served.stop()
  }
} finally {
  await world.close()
}

async function fillTenant({ service }: World, slug: string, size: number): Promise<string> {
  const founded = await foundTenant(service.floor, { slug, name: slug, default_lifecycle: 'change-control' })
  if (!founded.ok) throw new Error(founded.refusal.code)
  const operator = founded.value
  await asOperator(service.floor, operator, async (tx) => {
    for (let i = 0; i < 10; i += 1) {
      await createPrincipal(tx, { name: `Worker ${i}`, kind: 'human', roles: ['operator'] })
      await createAsset(tx, {
        tag: `A-${i}`,
        name: `asset ${i}`,
        location: null,
        status: 'in_service',
        owner_id: null,
        parent_id: null,
      })
    }
    return accept(undefined)
  })
  // Rows only, without their entries: what is measured here is reading lists, and a million chains take minutes.
  const client = new Client({ connectionString: service.installation.adminUrl() })
  await client.connect()
  client.on('error', () => undefined)
  await client.query('set session_replication_role = replica')
  await client.query(`select set_config('docket.tenant_id', $1, false)`, [operator.tenantId])
  await client.query(fillSql, [operator.tenantId, size, operator.id])
  await client.query(
    `insert into work_order_texts select tenant_id, id, lower(number || ' ' || title), tags from work_orders where tenant_id = $1`,
    [operator.tenantId],
  )
  await client.query(
    'insert into work_order_numbers select tenant_id, number, id from work_orders where tenant_id = $1',
    [operator.tenantId],
  )
  await client.query('vacuum analyze')
  await client.end()
  return (await issueHostKey(service.floor, operator, 'Worker 3', 'bench')) ?? ''
}

async function timeList(url: string, key: string, query: string, mayBeEmpty: boolean): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < times; i += 1) {
    const start = performance.now()
    const response = await fetch(`${url}/v1/work-orders?limit=50&${query}`, {
      headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
    })
    const body = (await response.json()) as { data?: unknown[]; title?: string }
    if (response.status !== 200) throw new Error(`${query}: ${body.title ?? response.status}`)
    if (!mayBeEmpty && (body.data?.length ?? 0) === 0) throw new Error(`${query}: found nothing`)
    if (i >= 5) took.push(performance.now() - start)
  }
  return percentile(took, 0.5)
}

async function timeDriver({ service }: World): Promise<number> {
  const client = new Client({ connectionString: service.installation.urlOf('docket_app') })
  await client.connect()
  const { rows } = await client.query<{ id: string }>(`select find_tenant($1) as id`, [
    `size-${sizes.length - 1}`,
  ])
  await client.query(`select set_config('docket.tenant_id', $1, false)`, [rows[0]?.id])
  const took: number[] = []
  for (let i = 0; i < times; i += 1) {
    const start = performance.now()
    await client.query({ name: 'newest', text: 'select * from work_orders order by id desc limit 50' })
    if (i >= 5) took.push(performance.now() - start)
  }
  await client.end()
  return percentile(took, 0.5)
}
