/** Absences of people: while somebody is away, nobody waits for a signature that he cannot give. */
import { z } from 'zod'
import { toInstant } from '#domain/instant.ts'
import { holdsAny } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import { loadPrincipal, lockPrincipal, updatePrincipal } from '../principal/store.ts'
import { inOurTimes, line, principalRef, text } from '../work-order/schema.ts'
import { insertAbsence, listAbsences, loadAbsence, removeAbsence } from './store.ts'
import type { AbsenceRow } from './store.ts'

const people: Permission = { kinds: ['human'], roles: 'any' }
const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')
const toUtcInstant = (given: string): string => toInstant(Date.parse(given) * 1000)

const absenceView = z.object({
  id: z.uuid(),
  principal: z.string(),
  principal_id: z.uuid(),
  starts_at: z.string(),
  ends_at: z.string(),
  note: z.string().nullable(),
  created_at: z.string(),
})
type AbsenceView = z.output<typeof absenceView>

const toView = (row: AbsenceRow): AbsenceView => ({
  id: row.id,
  principal: row.principal,
  principal_id: row.principal_id,
  starts_at: row.starts_at,
  ends_at: row.ends_at,
  note: row.note,
  created_at: row.created_at,
})

/** One's own, or anybody's as an administrator. */
const findStranger = (actor: Actor, principalId: string, name: string): Refusal | undefined =>
  actor.id === principalId || holdsAny(actor, ['admin'])
    ? undefined
    : { code: 'not_allowed', operation: `${name} for somebody else`, roles: ['admin'] }

export const add = operation({
  name: 'absence.add',
  summary: 'Say when you are away, or (as an administrator) when somebody else is',
  http: ['POST', '/v1/absences'],
  status: 201,
  permission: people,
  mutates: true,
  mcp: false,
  example: '--starts-at 2027-07-01T00:00:00Z --ends-at 2027-07-15T00:00:00Z --note "summer leave"',
  input: z.strictObject({
    principal: principalRef.optional().describe('the caller when left out'),
    starts_at: instant,
    ends_at: instant,
    note: line(500).optional(),
  }),
  output: absenceView,
  async run(tx, actor, input): Promise<Decision<AbsenceView>> {
    const ref = input.principal ?? actor.id
    const before = await lockPrincipal(tx, ref)
    if (before === undefined) return refuse({ code: 'unknown_reference', field: 'principal', value: ref })
    const stranger = findStranger(actor, before.id, 'absence.add')
    if (stranger !== undefined) return refuse(stranger)
    const [starts_at, ends_at] = [toUtcInstant(input.starts_at), toUtcInstant(input.ends_at)]
    if (Date.parse(ends_at) <= Date.parse(starts_at))
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'ends_at', message: 'must be after starts_at' }],
      })
    const at = before.locked_at
    const absence = { id: tx.newId(), starts_at, ends_at, note: input.note ?? null }
    const head = tx.record({
      kind: 'principal',
      record: before,
      action: 'absence_added',
      reason: input.note,
      changes: [],
      detail: { absence_id: absence.id, starts_at, ends_at },
      newVersion: false,
      at,
    })
    updatePrincipal(tx, before, before.disabled_at, head)
    insertAbsence(tx, { ...absence, principal_id: before.id, created_at: at })
    return accept(toView({ ...absence, principal_id: before.id, principal: before.name, created_at: at }))
  },
})

export const list = operation({
  name: 'absence.list',
  summary: 'List absences that are not over, of everybody or of one person',
  http: ['GET', '/v1/absences'],
  permission: staff,
  mutates: false,
  example: '--limit 20',
  input: z.strictObject({
    principal: principalRef.optional(),
    from: instant.optional().describe('not over then; now when left out'),
    cursor: text(1000).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(absenceView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const after =
      input.cursor === undefined
        ? { id: '00000000-0000-0000-0000-000000000000' }
        : parseCursor(z.strictObject({ id: z.guid() }), input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const person = input.principal === undefined ? null : await loadPrincipal(tx, input.principal)
    if (person === undefined)
      return refuse({ code: 'unknown_reference', field: 'principal', value: input.principal ?? '' })
    const rows = await listAbsences(tx, {
      principalId: person?.id ?? null,
      from: input.from === undefined ? tx.now() : toUtcInstant(input.from),
      after: after.id,
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

export const remove = operation({
  name: 'absence.remove',
  summary: 'Take an absence back',
  http: ['DELETE', '/v1/absences/:id'],
  permission: people,
  mutates: true,
  mcp: false,
  example: '0190b7a2-0000-7000-8000-000000000000',
  input: z.strictObject({ id: line(100), reason: line(2000).optional() }),
  output: absenceView,
  async run(tx, actor, input): Promise<Decision<AbsenceView>> {
    const found = await loadAbsence(tx, input.id)
    if (found === undefined) return refuse({ code: 'not_found', what: 'absence' })
    const stranger = findStranger(actor, found.principal_id, 'absence.remove')
    if (stranger !== undefined) return refuse(stranger)
    const before = await lockPrincipal(tx, found.principal_id)
    const absence = await loadAbsence(tx, input.id)
    if (before === undefined || absence === undefined) return refuse({ code: 'not_found', what: 'absence' })
    const at = before.locked_at
    const head = tx.record({
      kind: 'principal',
      record: before,
      action: 'absence_removed',
      reason: input.reason,
      changes: [],
      detail: { absence_id: absence.id, starts_at: absence.starts_at, ends_at: absence.ends_at },
      newVersion: false,
      at,
    })
    updatePrincipal(tx, before, before.disabled_at, head)
    removeAbsence(tx, absence.id, at)
    return accept(toView(absence))
  },
})
