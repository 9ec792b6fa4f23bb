/** Findings at the doors: who deals with one, what was done about it, and that it is closed. */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import {
  decideAssign,
  decideClose,
  decideResolve,
  findingFields,
  findingStates,
  keeperRoles,
  severities,
} from '#domain/finding.ts'
import type { FindingFields } from '#domain/finding.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { entryView, listRecordEntries } from '#platform/entries.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal } from '../principal/store.ts'
import { toUtc } from '../work-order/create.ts'
import { inOurTimes, line, principalRef, text, workOrderRef } from '../work-order/schema.ts'
import { loadWorkOrder } from '../work-order/store.ts'
import { listFindings, loadFinding, lockFinding, updateFinding } from './store.ts'
import type { FindingRow, LockedFinding } from './store.ts'

const keepers: Permission = { kinds: ['human'], roles: keeperRoles }
const people: Permission = { kinds: ['human'], roles: 'any' }

const findingRef = line(100).describe('id or number of the finding')
const resolution = line(10_000).describe('what was done about it, and why that is enough')

const findingView = z.object({
  id: z.uuid(),
  number: z.string(),
  kind: z.string(),
  severity: z.enum(severities),
  title: z.string(),
  state: z.enum(findingStates),
  work_order_id: z.uuid().nullable(),
  work_order: z.string().nullable().describe('number of the work order'),
  violator_id: z.uuid().nullable(),
  violator: z.string().nullable().describe('whose violation it is'),
  owner_id: z.uuid().nullable(),
  owner: z.string().nullable(),
  due_at: z.string(),
  occurrences: z.int(),
  last_at: z.string().describe('when it occurred last'),
  detail: z.record(z.string(), z.unknown()).describe('of the first occurrence'),
  resolution: z.string().nullable(),
  closed_by: z.string().nullable().describe('name of the person'),
  closed_at: z.string().nullable(),
  version: z.int(),
  created_at: z.string(),
})
type FindingView = z.output<typeof findingView>

const toView = (row: FindingRow): FindingView => ({
  id: row.id,
  number: row.number,
  kind: row.kind,
  severity: row.severity,
  title: row.title,
  state: row.state,
  work_order_id: row.work_order_id,
  work_order: row.work_order,
  violator_id: row.violator_id,
  violator: row.violator,
  owner_id: row.owner_id,
  owner: row.owner,
  due_at: row.due_at,
  occurrences: row.occurrences,
  last_at: row.last_at,
  detail: { ...row.detail },
  resolution: row.resolution,
  closed_by: row.closer,
  closed_at: row.closed_at,
  version: row.version,
  created_at: row.created_at,
})

const notFound: Refusal = { code: 'not_found', what: 'finding' }
const badCursor: Refusal = {
  code: 'invalid_input',
  errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
}

export const list = operation({
  name: 'finding.list',
  summary: 'List findings, newest first',
  http: ['GET', '/v1/findings'],
  permission: staff,
  mutates: false,
  example: '--state unclosed --severity major',
  input: z.strictObject({
    state: z.enum([...findingStates, 'unclosed']).optional(),
    severity: z.enum(severities).optional(),
    kind: line(100).optional(),
    work_order: workOrderRef.optional(),
    owner: principalRef.optional(),
    cursor: text(200).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(findingView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const place =
      input.cursor === undefined ? undefined : parseCursor(z.strictObject({ id: z.uuid() }), input.cursor)
    if (input.cursor !== undefined && place === undefined) return refuse(badCursor)
    const [workOrder, owner] = await Promise.all([
      input.work_order === undefined ? null : loadWorkOrder(tx, input.work_order),
      input.owner === undefined ? null : loadPrincipal(tx, input.owner),
    ])
    // What the filter names does not exist: then nothing is about it.
    if (workOrder === undefined || owner === undefined) return accept({ data: [], next_cursor: null })
    const rows = await listFindings(tx, {
      state: input.state,
      severity: input.severity,
      kind: input.kind,
      workOrderId: workOrder?.id,
      ownerId: owner?.id,
      before: place?.id,
      limit: input.limit + 1,
    })
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toView),
      next_cursor: last === undefined ? null : toCursor({ id: last.id }),
    })
  },
})

export const get = operation({
  name: 'finding.get',
  summary: 'Read one finding',
  http: ['GET', '/v1/findings/:id'],
  permission: staff,
  mutates: false,
  example: 'F-2026-000001',
  input: z.strictObject({ id: findingRef }),
  output: findingView,
  async run(tx, _actor, input) {
    const row = await loadFinding(tx, input.id)
    return row === undefined ? refuse(notFound) : accept(toView(row))
  },
})

export const history = operation({
  name: 'finding.history',
  summary: 'Read what happened to a finding: its chain of entries, oldest first',
  http: ['GET', '/v1/findings/:id/history'],
  permission: staff,
  mutates: false,
  example: 'F-2026-000001',
  input: z.strictObject({
    id: findingRef,
    cursor: text(200).optional(),
    limit: z.int().min(1).max(1000).default(200),
  }),
  output: z.object({ data: z.array(entryView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const seq = z.int().min(0).max(2_147_483_647)
    const after = input.cursor === undefined ? { seq: 0 } : parseCursor(z.strictObject({ seq }), input.cursor)
    if (after === undefined) return refuse(badCursor)
    const row = await loadFinding(tx, input.id)
    if (row === undefined) return refuse(notFound)
    const entries = await listRecordEntries(tx, row.id, after.seq, input.limit + 1)
    const data = entries.slice(0, input.limit)
    const last = entries.length > input.limit ? data.at(-1) : undefined
    return accept({ data, next_cursor: last === undefined ? null : toCursor({ seq: last.seq }) })
  },
})

export const assign = operation({
  name: 'finding.assign',
  summary: 'Say which person deals with a finding, and by when',
  http: ['POST', '/v1/findings/:id/assignments'],
  permission: keepers,
  mutates: true,
  mcp: false,
  example: 'F-2026-000001 --owner "Quinn QA"',
  input: z.strictObject({
    id: findingRef,
    owner: principalRef,
    due_at: z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199').optional(),
    reason: line(2000).optional(),
  }),
  output: findingView,
  async run(tx, _actor, input) {
    const found = await lockForChange(tx, input.id)
    if (!found.ok) return found
    const owner = await loadPrincipal(tx, input.owner)
    if (owner === undefined || owner.disabled_at !== null)
      return refuse({ code: 'unknown_reference', field: 'owner', value: input.owner })
    const decision = decideAssign(found.value, owner, toUtc(input.due_at) ?? undefined)
    return decision.ok
      ? accept(recordChange(tx, found.value, 'assigned', decision.value, { owner: owner.name }, input.reason))
      : decision
  },
})

export const resolve = operation({
  name: 'finding.resolve',
  summary: 'Say what was done about a finding: it is mitigated, and waits to be closed',
  http: ['POST', '/v1/findings/:id/resolutions'],
  permission: people,
  mutates: true,
  mcp: false,
  example: 'F-2026-000001 --resolution "The rule was explained, the work order goes to another approver"',
  input: z.strictObject({ id: findingRef, resolution }),
  output: findingView,
  async run(tx, actor, input) {
    const found = await lockForChange(tx, input.id)
    if (!found.ok) return found
    const decision = decideResolve(found.value, actor, input.resolution)
    return decision.ok ? accept(recordChange(tx, found.value, 'mitigated', decision.value, {})) : decision
  },
})

export const close = operation({
  name: 'finding.close',
  summary: 'Close a finding for good: a person of quality assurance or administration whose own it is not',
  http: ['POST', '/v1/findings/:id/closures'],
  permission: keepers,
  mutates: true,
  mcp: false,
  example: 'F-2026-000001 --reason "effective"',
  input: z.strictObject({
    id: findingRef,
    resolution: resolution.optional(),
    reason: line(2000).optional(),
  }),
  output: findingView,
  async run(tx, actor, input) {
    const found = await lockForChange(tx, input.id)
    if (!found.ok) return found
    const finding = found.value
    const facts = { finding, actor, violatorSponsorId: finding.violator_sponsor_id, now: finding.locked_at }
    const decision = decideClose(facts, input.resolution)
    return decision.ok
      ? accept(recordChange(tx, finding, 'closed', decision.value, { closer: actor.name }, input.reason))
      : decision
  },
})

async function lockForChange(tx: Tx, ref: string): Promise<Decision<LockedFinding>> {
  const finding = await lockFinding(tx, ref)
  if (finding === undefined) return refuse(notFound)
  const expected = tx.call.ifVersion
  return expected === undefined || expected === finding.version
    ? accept(finding)
    : refuse({ code: 'stale_version', expected, actual: finding.version })
}

function recordChange(
  tx: Tx,
  before: LockedFinding,
  action: string,
  changed: Partial<FindingFields>,
  names: { readonly owner?: string; readonly closer?: string },
  reason?: string,
): FindingView {
  const after = { ...before, ...changed }
  const head = tx.record({
    kind: 'finding',
    record: before,
    action,
    reason,
    changes: changesBetween(findingFields, before, after),
    at: before.locked_at,
  })
  updateFinding(tx, before, after, head)
  return toView({ ...after, ...names, version: head.version })
}
