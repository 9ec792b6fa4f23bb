/**
 * How fast the verifier re-derives chains, beside what the machine can do at all: `node bench/verify.ts
 * [entries]`. It founds a tenant in an embedded database in a temporary folder, fills it, verifies, and
 * prints wall-clock and processor time, PostgreSQL's own included.
 */
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { changesBetween, sealEntry } from '#domain/entry.ts'
import type { EntryBody, FieldChange } from '#domain/entry.ts'
import { blank, recordedFields } from '#domain/work-order.ts'
import { foundTenant } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import { openAccounts } from '#platform/accounts.ts'
import { readConfig } from '#platform/config.ts'
import { openDatabase, withClient } from '#platform/database.ts'
import { openInstallation } from '#platform/setup.ts'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import type { Installation } from '#platform/setup.ts'
import { hash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'

const entriesPerRecord = 8
const recordsPerBatch = 500

type Made = { readonly body: EntryBody; readonly bytes: Buffer; readonly leaf: Buffer }
type Order = { readonly row: Record<string, unknown>; readonly entries: readonly Made[] }

const text = 'Check the seal, drain the line, replace the gasket and record the torque of each bolt. '

/** A work order's life: eight entries of the usual size, and the row that they lead to. */
function makeOrder(operator: Operator, n: number): Order {
  const id = uuidv7()
  const state: Record<string, unknown> = {}
  const entries: Made[] = []
  const add = (action: string, after: Record<string, unknown>, kept = true): void => {
    const at = new Date(Date.now() + entries.length * 1000).toISOString().replace('Z', '123Z')
    const last = entries.at(-1)
    const changes: FieldChange[] = kept
      ? changesBetween(recordedFields, entries.length === 0 ? blank : state, after)
      : [{ field: 'comment', old: null, new: after['comment'] }]
    if (kept) Object.assign(state, after)
    const body: EntryBody = {
      v: 1,
      id: uuidv7(),
      tenant: operator.tenantId,
      record: { kind: 'work_order', id },
      seq: entries.length + 1,
      version: (last?.body.version ?? 0) + (kept ? 1 : 0),
      actor: { id: operator.id, kind: 'system', name: operator.name, sponsor: null, client: 'bench' },
      action,
      reason: kept ? 'as planned in the weekly meeting' : null,
      changes,
      detail: null,
      request: randomUUID(),
      at,
      prev: last?.leaf.toString('hex') ?? null,
    }
    const { body: bytes, leaf } = sealEntry(body)
    entries.push({ body, bytes, leaf })
  }
  add('created', {
    ...Object.fromEntries(recordedFields.map((field) => [field, null])),
    ...blank,
    number: `WO-2026-${String(n).padStart(6, '0')}`,
    lifecycle: 'change-control',
    status: 'draft',
    title: `Replace gasket ${n}`,
    description: text.repeat(3),
    priority: 'medium',
    regulatory: false,
    origin: 'manual',
    requester_id: operator.id,
    due_date: '2026-12-24',
    estimated_hours: 3.5,
    tags: ['plant-7', 'steam'],
    project: 'Overhaul',
    revision: 1,
    attributes: { line: 'B', zone: 4 },
  })
  add('assigned', { status: 'assigned', assignee_id: operator.id })
  add('started', {
    status: 'in_progress',
    actual_start: '2026-11-20T21:19:39.5Z',
    executor_ids: [operator.id],
  })
  add('commented', { comment: text }, false)
  add('updated', { notes: text, planned_end: '2026-12-01T10:00:00Z' })
  add('blocked', { status: 'blocked', blocker: { owner: 'stores', action: 'bring the gasket' } })
  add('resumed', { status: 'in_progress', blocker: null })
  add('completed', {
    status: 'completed',
    completion_summary: text,
    actual_hours: 4.25,
    editor_id: operator.id,
  })
  const head = entries.at(-1)
  const row = {
    ...state,
    tenant_id: operator.tenantId,
    id,
    category: 'review',
    version: head?.body.version,
    entry_seq: entries.length,
    entry_id: head?.body.id,
    entry_head: `\\x${head?.leaf.toString('hex')}`,
    created_at: entries[0]?.body.at,
    updated_at: head?.body.at,
  }
  return { row, entries }
}

async function fill(client: pg.Client, operator: Operator, entries: number): Promise<void> {
  // The guards are proved elsewhere; here the table must be full soon.
  await client.query('set session_replication_role = replica')
  const names = [
    ...recordedFields,
    'tenant_id',
    'id',
    'category',
    'version',
    'entry_seq',
    'entry_id',
    'entry_head',
  ]
  const columns = [...names, 'created_at', 'updated_at'].map((name) => `"${name}"`).join(', ')
  for (let made = 0; made < entries; made += recordsPerBatch * entriesPerRecord) {
    const count = Math.min(recordsPerBatch, Math.ceil((entries - made) / entriesPerRecord))
    const orders = Array.from({ length: count }, (_, i) => makeOrder(operator, made / entriesPerRecord + i))
    await client.query(
      `insert into work_orders (${columns}) select ${columns} from jsonb_populate_recordset(null::work_orders, $1)`,
      [JSON.stringify(orders.map(({ row }) => row))],
    )
    await client.query(
      `insert into work_order_numbers (tenant_id, number, work_order_id)
       select $1, x.number, x.id from jsonb_to_recordset($2) as x (number text, id uuid)`,
      [
        operator.tenantId,
        JSON.stringify(orders.map(({ row }) => ({ number: row['number'], id: row['id'] }))),
      ],
    )
    // As time would have written them: the records of a day interleaved, not one record after the other.
    const log = orders.flatMap((order) => order.entries).toSorted((a, b) => a.body.seq - b.body.seq)
    await client.query(
      `insert into entries (tenant_id, id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
       select $1, e.* from unnest($2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::text[], $7::uuid[], $8::timestamptz[], $9::bytea[], $10::bytea[]) as e`,
      [
        operator.tenantId,
        log.map(({ body }) => body.id),
        log.map(({ body }) => body.record.kind),
        log.map(({ body }) => body.record.id),
        log.map(({ body }) => body.seq),
        log.map(({ body }) => body.action),
        log.map(({ body }) => body.actor.id),
        log.map(({ body }) => body.at),
        log.map(({ leaf }) => leaf),
        log.map(({ bytes }) => bytes),
      ],
    )
  }
  await client.query('set session_replication_role = origin')
  await client.query('vacuum (analyze) entries, work_orders, work_order_numbers')
}

async function found(installation: Installation): Promise<Operator> {
  const db = openDatabase({ url: installation.urlOf('docket_app'), max: 2, applicationName: 'bench' })
  const auth = openDatabase({
    url: installation.urlOf('docket_auth'),
    max: 2,
    applicationName: 'bench',
    searchPath: 'auth',
  })
  const floor = { db, accounts: openAccounts(auth, installation.secret) }
  const tenant = { slug: 'bench', name: 'Bench', default_lifecycle: 'change-control' } as const
  const founded = await foundTenant(floor, tenant)
  await Promise.all([db.close(), auth.close()])
  if (!founded.ok) throw new Error('the tenant cannot be founded')
  return founded.value
}

/** Processor seconds of the server and all that it started, the ended ones included. */
function serverSeconds(folder: string): number {
  const files = readdirSync(folder, { recursive: true }).map(String)
  const file = files.find((name) => name.endsWith('postmaster.pid')) ?? ''
  const postmaster = readFileSync(join(folder, file), 'utf8').split('\n')[0]?.trim() ?? ''
  let ticks = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number)
      const [, parent] = fields
      if (pid === postmaster) ticks += [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] ?? 0), 0)
      else if (String(parent) === postmaster) ticks += (fields[11] ?? 0) + (fields[12] ?? 0)
    } catch {
      // Gone meanwhile.
    }
  }
  return ticks / 100
}

type Spent = { readonly seconds: number; readonly own: number; readonly server: number }

async function measure(folder: string, work: () => unknown): Promise<Spent> {
  const own = process.cpuUsage()
  const server = serverSeconds(folder)
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  await new Promise((resolve) => setTimeout(resolve, 200)) // ended backends are counted once they are gone
  const used = process.cpuUsage(own)
  return { seconds, own: (used.user + used.system) / 1e6, server: serverSeconds(folder) - server }
}

function print(what: string, entries: number, { seconds, own, server }: Spent): void {
  const perSecond = (value: number): string => `${Math.round(entries / value / 1000)}k/s`
  console.log(
    `${what.padEnd(34)} ${seconds.toFixed(2)} s ${perSecond(seconds).padStart(8)} wall | cpu: node ${own.toFixed(2)} s, PostgreSQL ${server.toFixed(2)} s, together ${perSecond(own + server)} per core`,
  )
}

async function main(): Promise<void> {
  const wanted = Number(process.argv[2] ?? 200_000)
  const folder = mkdtempSync(join(tmpdir(), 'docket-bench-'))
  chmodSync(folder, 0o711) // PostgreSQL runs as another user when we are root
  const installation = await openInstallation(
    readConfig({ ...process.env, DOCKET_DATA: join(folder, 'data') }),
  )
  try {
    const operator = await found(installation)
    await withClient(installation.adminUrl(), (client) => fill(client, operator, wanted))
    const bodies: Buffer[] = []
    await withClient(installation.adminUrl(), async (client) => {
      const spent = await measure(folder, async () => {
        for (let from = '00000000-0000-0000-0000-000000000000'; ;) {
          const { rows } = await client.query<{ id: string; body: Buffer }>(
            'select id, body from entries where tenant_id = $1 and id > $2 order by id limit 5000',
            [operator.tenantId, from],
          )
          for (const { body } of rows) {
            hash('sha256', body, 'hex')
            bodies.push(body)
          }
          const last = rows.at(-1)
          if (last === undefined) return
          from = last.id
        }
      })
      print('ceiling: bodies by query, hashed', bodies.length, spent)
    })
    const bytes = bodies.reduce((sum, body) => sum + body.length, 0)
    console.log(`entries ${bodies.length}, ${Math.round(bytes / bodies.length)} bytes each`)
    print(
      'ceiling: hashing in memory',
      bodies.length,
      await measure(folder, () => bodies.forEach((body) => hash('sha256', body, 'hex'))),
    )
    print(
      'ceiling: JSON.parse in memory',
      bodies.length,
      await measure(folder, () => bodies.forEach((body) => JSON.parse(body.toString('utf8')))),
    )
    for (const lanes of [1, 2, 2, 3]) {
      const spent = await measure(folder, async () => {
        const report = await verifyTenant(
          installation.urlOf('docket_auditor'),
          operator.tenantId,
          undefined,
          lanes,
        )
        if (report.damages.length > 0 || report.entries !== bodies.length)
          console.log(report.entries, report.damages.slice(0, 3), report.damages.length)
      })
      print(`verify, ${lanes} lanes`, bodies.length, spent)
    }
  } finally {
    await installation.release()
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
