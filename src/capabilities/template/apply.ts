/** Applying a template: all of its work orders in one transaction, each told in its first entry what it was made from. */
import { z } from 'zod'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { lockMasters, resolveTies, toRecorded } from '../work-order/create.ts'
import { insertMany } from '../work-order/create-many.ts'
import type { Draft } from '../work-order/create-many.ts'
import { text, workOrderRef } from '../work-order/schema.ts'
import { expandTemplate } from './expand.ts'
import type { Expanded } from './expand.ts'
import { templateName } from './schema.ts'
import { loadTemplate } from './store.ts'

const made = z.object({
  id: z.uuid(),
  number: z.string(),
  key: z.string().nullable().describe('its key in the template; null for the whole'),
  title: z.string(),
  parent_id: z.uuid().nullable(),
  after: z.array(z.string()).describe('numbers of what it waits for'),
})

export const apply = operation({
  name: 'template.apply',
  summary: 'Make the work orders of a template: the whole first, then what is linked to it',
  http: ['POST', '/v1/templates/:name/apply'],
  status: 201,
  permission: staff,
  mutates: true,
  example: `win10-to-win11 --parameters '{"workstation":"HPLC-01"}'`,
  input: z.strictObject({
    name: templateName,
    parameters: z.record(z.string().max(50), text(500)).default({}).describe('a value for each parameter'),
    parent: workOrderRef.optional().describe('the master of the whole'),
    reason: text(2000).optional(),
  }),
  output: z.object({
    template: z.object({ name: z.string(), version: z.int() }),
    data: z.array(made),
  }),
  async run(tx, actor, { name, parameters, parent, reason }) {
    const template = await loadTemplate(tx, name)
    if (template === undefined) return refuse({ code: 'not_found', what: 'template' })
    if (template.retired) return refuse({ code: 'template_retired', name })
    const expansion = expandTemplate(template, parameters, () => tx.newId())
    if (!expansion.ok) return expansion
    const drafts = await toDrafts(tx, actor, expansion.value.all, parent)
    if (!drafts.ok) return drafts
    const master = drafts.value[0]?.parent_id ?? null
    const closed = await lockMasters(tx, master === null ? [] : [master])
    if (closed !== undefined) return refuse(closed)
    const source = { name, version: template.version }
    const rows = await insertMany(tx, drafts.value, {
      reason: reason?.trim() || null,
      detail: { template: source, parameters: expansion.value.values },
    })
    const numbers = new Map(rows.map(({ id, number }) => [id, number]))
    return accept({
      template: source,
      data: rows.map(({ id, number, title, parent_id, predecessors }, i) => ({
        id,
        number,
        key: expansion.value.all[i]?.key ?? null,
        title,
        parent_id,
        after: (predecessors ?? []).map((one) => numbers.get(one.id) ?? one.id),
      })),
    })
  },
})

/** People and assets by their names; one that is not there is refused with the work order that names it. */
async function toDrafts(
  tx: Tx,
  actor: Actor,
  all: readonly Expanded[],
  parent: string | undefined,
): Promise<Decision<Draft[]>> {
  const drafts: Draft[] = []
  const known = new Map<string, ReturnType<typeof resolveTies>>()
  for (const { id, key, parentId, predecessors, input } of all) {
    const named = { ...input, parent: parentId === null ? parent : undefined }
    const same = JSON.stringify([input.assignee, input.asset, named.parent])
    const resolving = known.get(same) ?? resolveTies(tx, actor, named)
    known.set(same, resolving)
    const ties = await resolving
    if (!ties.ok) {
      const { refusal } = ties
      const isNamed = refusal.code === 'unknown_reference' && key !== null
      return refuse(isNamed ? { ...refusal, field: `work_orders.${key}.${refusal.field}` } : refusal)
    }
    const recorded = toRecorded(input, input.lifecycle ?? 'change-control', ties.value)
    drafts.push({ ...recorded, id, parent_id: parentId ?? recorded.parent_id, predecessors })
  }
  return accept(drafts)
}
