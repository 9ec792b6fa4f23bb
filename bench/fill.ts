/**
 * A tenant with many work orders, quickly: rows and sealed entries as the service writes them, put into the
 * tables in bulk. Each work order has eight entries; those of many are interleaved, as time would have it.
 */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { foundTenant } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import { changesBetween, sealEntry } from '#domain/entry.ts'
import type { EntryBody, FieldChange } from '#domain/entry.ts'
import { blank, recordedFields } from '#domain/work-order.ts'
import { openAccounts } from '#platform/accounts.ts'
import { readRelyingParty } from '#platform/config.ts'
import { openDatabase } from '#platform/database.ts'
import type { Installation } from '#platform/setup.ts'
import { noSecrets } from '#platform/secret.ts'
import { openWrap } from '#platform/wrap.ts'

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

export async function fill(client: pg.Client, operator: Operator, entries: number): Promise<void> {
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

export async function found(installation: Installation): Promise<Operator> {
  const db = openDatabase({ url: installation.urlOf('docket_app'), max: 2, applicationName: 'bench' })
  const auth = openDatabase({
    url: installation.urlOf('docket_auth'),
    max: 2,
    applicationName: 'bench',
    searchPath: 'auth',
  })
  const relyingParty = readRelyingParty({ PORT: 3000, DOCKET_ORIGIN: undefined })
  const accounts = openAccounts(auth, installation.secret, relyingParty.origins)
  const floor = { db, accounts, wrap: openWrap(installation.secret), relyingParty, readSecret: noSecrets }
  const tenant = { slug: 'bench', name: 'Bench', default_lifecycle: 'change-control' } as const
  const founded = await foundTenant(floor, tenant)
  await Promise.all([db.close(), auth.close()])
  if (!founded.ok) throw new Error('the tenant cannot be founded')
  return founded.value
}
