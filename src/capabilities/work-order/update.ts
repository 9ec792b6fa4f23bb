/** Changing fields of a work order, as far as its state and the caller's roles allow. */
import { z } from 'zod'
import { decideAcknowledge, decideEdit, decideHold } from '#domain/edit.ts'
import { changesBetween } from '#domain/entry.ts'
import type { Actor } from '#domain/principal.ts'
import type { Category } from '#domain/lifecycle.ts'
import { listMissing, noQualifications } from '#domain/qualification.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { fleetTitle, judgedFields, recordedFields } from '#domain/work-order.ts'
import type { Recorded } from '#domain/work-order.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadAssigned } from '../person/assigned.ts'
import { lockForChange } from './find.ts'
import { gateRequired, toUtc } from './create.ts'
import { line, text, updateInput, workOrderRef, workOrderView } from './schema.ts'
import type { UpdateInput } from './schema.ts'
import { findAsset, findPrincipal, listLinkedAmong, updateWorkOrder } from './store.ts'
import type { LockedWorkOrder } from './store.ts'
import { refuseAttempt } from './transition.ts'
import { toView } from './view.ts'

export const update = operation({
  name: 'work_order.update',
  summary: 'Change fields of a work order',
  http: ['PATCH', '/v1/work-orders/:id'],
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001 --priority critical',
  input: updateInput,
  output: workOrderView,
  async run(tx, actor, input) {
    const found = await lockForChange(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const { id: _, reason, ...fields } = input
    const names = Object.keys(fields).filter((name) => fields[name as keyof typeof fields] !== undefined)
    const decision = decideEdit(workOrder, actor, names)
    if (!decision.ok) return refuseAttempt(tx, workOrder, decision.refusal, { change: names, reason })
    if (workOrder.regulatory && (reason ?? '').trim() === '') {
      return refuseAttempt(
        tx,
        workOrder,
        { code: 'gates_unmet', unmet: [{ code: 'missing_fields', missing_fields: ['reason'] }] },
        { change: names },
      )
    }
    const resolved = await resolve(tx, workOrder, fields)
    if (!resolved.ok) return resolved
    const unqualified = await gateAssignment(tx, workOrder, resolved.value)
    if (unqualified !== undefined) return refuseAttempt(tx, workOrder, unqualified, { change: names, reason })
    const judged = names.some((name) => judgedFields.includes(name))
    const changes = { ...resolved.value.changes, ...(judged ? { editor_id: actor.id } : {}) }
    return accept(toView(apply(tx, workOrder, changes, 'updated', reason, resolved.value.names)))
  },
})

type Resolved = {
  readonly changes: Partial<Recorded>
  readonly names: { readonly assignee?: string | null; readonly asset?: string | null }
}

async function resolve(
  tx: Tx,
  workOrder: LockedWorkOrder,
  fields: Omit<UpdateInput, 'id' | 'reason'>,
): Promise<Decision<Resolved>> {
  const { assignee, asset, planned_start, planned_end, ...plain } = fields
  const changes: { -readonly [F in keyof Recorded]?: Recorded[F] } = Object.fromEntries(
    Object.entries(plain).filter(([, value]) => value !== undefined),
  )
  const names: { assignee?: string | null; asset?: string | null } = {}
  if (plain.title !== undefined && workOrder.lifecycle === 'fleet' && !fleetTitle.test(plain.title)) {
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'title', message: 'must begin with [Project-Category] and a space' }],
    })
  }
  if (assignee !== undefined) {
    const found = assignee === null ? null : await findPrincipal(tx, assignee)
    if (found === undefined)
      return refuse({ code: 'unknown_reference', field: 'assignee', value: assignee ?? '' })
    changes.assignee_id = found?.id ?? null
    names.assignee = found?.name ?? null
    // Another assignee has not acknowledged anything yet.
    if (changes.assignee_id !== workOrder.assignee_id) changes.acknowledged_at = null
  }
  if (asset !== undefined) {
    const found = asset === null ? null : await findAsset(tx, asset)
    if (found === undefined) return refuse({ code: 'unknown_reference', field: 'asset', value: asset ?? '' })
    changes.asset_id = found?.id ?? null
    names.asset = found?.tag ?? null
  }
  const policy = plain.completion_policy
  const linked = policy?.kind === 'required' ? await listLinkedAmong(tx, workOrder.id, policy.ids) : undefined
  const unlinked = gateRequired(policy, linked)
  if (unlinked !== undefined) return refuse(unlinked)
  if (planned_start !== undefined) changes.planned_start = toUtc(planned_start)
  if (planned_end !== undefined) changes.planned_end = toUtc(planned_end)
  return accept({ changes, names })
}

const assignedCategories: readonly Category[] = ['ready', 'active', 'held']

/** Work that is assigned already goes only to somebody who is qualified now. */
async function gateAssignment(
  tx: Tx,
  workOrder: LockedWorkOrder,
  { changes, names }: Resolved,
): Promise<Refusal | undefined> {
  const assignee_id = changes.assignee_id ?? null
  if (assignee_id === null || assignee_id === workOrder.assignee_id) return undefined
  if (!assignedCategories.includes(workOrder.category)) return undefined
  const { requirements } = { ...workOrder, ...changes }
  const assigned = await loadAssigned(tx, {
    ...workOrder,
    requirements,
    assignee_id,
    assignee: names.assignee ?? null,
  })
  const missing = listMissing(requirements, assigned ?? noQualifications, workOrder.locked_at)
  if (missing.length === 0) return undefined
  const person = assigned?.name ?? assignee_id
  return { code: 'gates_unmet', unmet: [{ code: 'qualification_missing', person, missing }] }
}

/** Queues a change of fields with its entry; nothing at all when every field is as it was. */
function apply(
  tx: Tx,
  before: LockedWorkOrder,
  wanted: Partial<Recorded>,
  action: string,
  reason: string | undefined,
  names: Resolved['names'] = {},
): LockedWorkOrder {
  const changed = changesBetween(recordedFields, before, wanted)
  if (changed.length === 0) return before
  const changes = Object.fromEntries(
    changed.map(({ field, new: value }) => [field, value]),
  ) as Partial<Recorded>
  const at = before.locked_at
  const head = tx.record({
    kind: 'work_order',
    record: before,
    action,
    reason: reason?.trim() || null,
    changes: changed,
    at,
  })
  updateWorkOrder(tx, before, changes, before.category, head, at)
  return { ...before, ...changes, ...names, version: head.version, updated_at: at }
}

const held = z.strictObject({ id: workOrderRef, reason: line(2000) })

export const hold = operation({
  name: 'work_order.hold',
  summary: 'Put a work order on hold: it cannot leave its active state until the hold is released',
  http: ['POST', '/v1/work-orders/:id/hold'],
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001 --reason "waiting for the spare part"',
  input: held,
  output: workOrderView,
  run: (tx, actor, input) =>
    changeHold(tx, actor, input, (workOrder) =>
      workOrder.hold !== null
        ? undefined
        : { reason: input.reason, owner: actor.name, since: workOrder.locked_at },
    ),
})

export const release = operation({
  name: 'work_order.release_hold',
  summary: 'Release the hold of a work order',
  http: ['DELETE', '/v1/work-orders/:id/hold'],
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001 --reason "the part is here"',
  input: held,
  output: workOrderView,
  run: (tx, actor, input) =>
    changeHold(tx, actor, input, (workOrder) => (workOrder.hold === null ? undefined : null)),
})

/** `next` gives the new hold, or undefined when the work order is in that state already. */
async function changeHold(
  tx: Tx,
  actor: Actor,
  input: z.output<typeof held>,
  next: (workOrder: LockedWorkOrder) => Recorded['hold'] | undefined,
) {
  const found = await lockForChange(tx, actor, input.id)
  if (!found.ok) return found
  const workOrder = found.value
  const decision = decideHold(workOrder, actor)
  if (!decision.ok) return refuseAttempt(tx, workOrder, decision.refusal, { reason: input.reason })
  const value = next(workOrder)
  if (value === undefined) return accept(toView(workOrder))
  return accept(
    toView(apply(tx, workOrder, { hold: value }, value === null ? 'hold_released' : 'held', input.reason)),
  )
}

export const acknowledge = operation({
  name: 'work_order.acknowledge',
  summary: 'Say, as the assignee, that the work order was read and will be done',
  http: ['POST', '/v1/work-orders/:id/acknowledgement'],
  permission: everyone,
  mutates: true,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef, reason: text(2000).optional() }),
  output: workOrderView,
  async run(tx, actor, input) {
    const found = await lockForChange(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const decision = decideAcknowledge(workOrder, actor)
    if (!decision.ok) return refuseAttempt(tx, workOrder, decision.refusal, { acknowledge: true })
    if (workOrder.acknowledged_at !== null) return accept(toView(workOrder))
    return accept(
      toView(apply(tx, workOrder, { acknowledged_at: workOrder.locked_at }, 'acknowledged', input.reason)),
    )
  },
})
