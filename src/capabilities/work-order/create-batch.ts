/**
 * Creating many work orders in one call: all of them, or none. They may be linked to one another: each can have a
 * key of the caller's, and `parent` may be such a key.
 */
import { z } from 'zod'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { checkTitle, gateRequired, lockMasters, resolveTies, toRecorded } from './create.ts'
import { insertMany } from './create-many.ts'
import type { Draft } from './create-many.ts'
import { createInput, line } from './schema.ts'
import { findDefaultLifecycle } from './store.ts'

const one = createInput.extend({
  key: line(100).optional().describe('a name for it within this call, for "parent" of others'),
})
type One = z.output<typeof one>

export const createMany = operation({
  name: 'work_order.create_many',
  summary: 'Create up to 1,000 work orders in one transaction, linked to one another or to others',
  http: ['POST', '/v1/work-orders/batch'],
  status: 201,
  permission: everyone,
  mutates: true,
  example: `--work-orders '[{"key": "line", "title": "Service line 3"}, {"title": "Grease bearings", "parent": "line"}]'`,
  input: z.strictObject({ work_orders: z.array(one).min(1).max(1000) }),
  output: z.object({
    data: z
      .array(
        z.object({
          id: z.uuid(),
          number: z.string(),
          key: z.string().nullable(),
          parent_id: z.uuid().nullable(),
        }),
      )
      .describe('in the order in which they were given'),
  }),
  async run(tx, actor, input) {
    const drafts = await toDrafts(tx, actor, input.work_orders)
    if (!drafts.ok) return drafts
    const closed = await lockMasters(tx, listMasters(drafts.value))
    if (closed !== undefined) return refuse(closed)
    const created = await insertMany(tx, drafts.value)
    return accept({
      data: created.map(({ id, number, parent_id }, i) => {
        return { id, number, key: input.work_orders[i]?.key ?? null, parent_id }
      }),
    })
  },
})

async function toDrafts(tx: Tx, actor: Actor, given: readonly One[]): Promise<Decision<Draft[]>> {
  const ids = given.map(() => tx.newId())
  const keyed = new Map(given.flatMap(({ key }, i) => (key === undefined ? [] : [[key, i] as const])))
  const flaw = findFlaw(given, keyed)
  if (flaw !== undefined) return refuse(flaw)
  const ownLifecycle = await findDefaultLifecycle(tx)
  // Many are of the same people and under the same master: those are looked up once.
  const known = new Map<string, ReturnType<typeof resolveTies>>()
  const tiesOf = (item: Parameters<typeof resolveTies>[2]): ReturnType<typeof resolveTies> => {
    const key = JSON.stringify([item.requester, item.assignee, item.asset, item.parent])
    const ties = known.get(key) ?? resolveTies(tx, actor, item)
    known.set(key, ties)
    return ties
  }
  const all = await Promise.all(
    given.map(async (named, i): Promise<Decision<Draft>> => {
      const { key: _, parent, ...rest } = named
      const master = parent === undefined ? undefined : keyed.get(parent)
      const outside = master === undefined && parent !== undefined ? { ...rest, parent } : rest
      const lifecycle = rest.lifecycle ?? ownLifecycle
      const ties = await tiesOf(outside)
      if (!ties.ok) return refuse(at(i, ties.refusal))
      const badTitle = checkTitle(lifecycle, rest.title)
      if (badTitle !== undefined) return refuse(at(i, badTitle))
      const unlinked = gateRequired(rest.completion_policy)
      if (unlinked !== undefined) return refuse(at(i, unlinked))
      const recorded = toRecorded(outside, lifecycle, ties.value)
      const id = ids[i] ?? ''
      return accept({
        ...recorded,
        id,
        parent_id: master === undefined ? recorded.parent_id : (ids[master] ?? ''),
      })
    }),
  )
  const drafts: Draft[] = []
  for (const decision of all) {
    if (!decision.ok) return decision
    drafts.push(decision.value)
  }
  return accept(drafts)
}

const invalid = (i: number, path: string, message: string): Refusal => ({
  code: 'invalid_input',
  errors: [{ path: `work_orders.${i}.${path}`, message }],
})

/** A key names one; nothing may contain itself. */
function findFlaw(given: readonly One[], keyed: ReadonlyMap<string, number>): Refusal | undefined {
  const masterOf = (i: number): number | undefined => {
    const parent = given[i]?.parent
    return parent === undefined ? undefined : keyed.get(parent)
  }
  const good = new Set<number>()
  for (const [i, { key }] of given.entries()) {
    if (key !== undefined && keyed.get(key) !== i) return invalid(i, 'key', 'is the key of another one too')
    const chain = new Set<number>()
    for (
      let above: number | undefined = i;
      above !== undefined && !good.has(above);
      above = masterOf(above)
    ) {
      if (chain.has(above)) return invalid(i, 'parent', 'would contain itself')
      chain.add(above)
    }
    for (const node of chain) good.add(node)
  }
  return undefined
}

/** The refusal of one of them says which one. */
function at(i: number, refusal: Refusal): Refusal {
  if (refusal.code === 'unknown_reference') return { ...refusal, field: `work_orders.${i}.${refusal.field}` }
  if (refusal.code !== 'invalid_input') return refusal
  return {
    ...refusal,
    errors: refusal.errors.map((flaw) => ({ ...flaw, path: `work_orders.${i}.${flaw.path}` })),
  }
}

/** What these are linked to, and is not one of them. */
function listMasters(drafts: readonly Draft[]): string[] {
  const own = new Set(drafts.map(({ id }) => id))
  const masters = drafts.flatMap(({ parent_id }) => parent_id ?? [])
  return [...new Set(masters)].filter((id) => !own.has(id))
}
