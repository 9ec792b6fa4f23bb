/** What a work order needs, as the matcher takes it: its own words, and what the caller says where it says nothing. */
import type { Need } from '#domain/matching.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Requirements } from '#domain/work-order.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal } from '../principal/store.ts'

export type Said = {
  readonly start: string | null
  readonly end: string | null
  readonly hours: number | null
}
export type When = { readonly window: Need['window']; readonly hours: number }

/** When the work is done and how long that takes, or which of it nobody says. */
export function toWhen({ start, end, hours }: Said): When | readonly ('window' | 'hours')[] {
  const hasHours = hours !== null && hours > 0
  if (start === null || end === null || !hasHours)
    return [
      ...(start === null || end === null ? ['window' as const] : []),
      ...(hasHours ? [] : ['hours' as const]),
    ]
  return { window: { start: new Date(start).toISOString(), end: new Date(end).toISOString() }, hours }
}

export const isForward = ({ start, end }: Need['window']): boolean => Date.parse(end) > Date.parse(start)

export const countHeads = (requirements: Requirements | null): number => requirements?.people ?? 1

/** So many in each role, and the others of the people in whatever role. */
export function listHeads(
  requirements: Requirements | null,
): { readonly role?: string; readonly headcount: number }[] {
  const roles = requirements?.roles ?? []
  const others = countHeads(requirements) - roles.reduce((sum, { headcount }) => sum + headcount, 0)
  return [...roles, ...(others > 0 ? [{ headcount: others }] : [])]
}

/** By name or id; the refusal names the path of the first that is nobody. */
export async function findPeople(
  tx: Tx,
  path: string,
  refs: readonly string[] = [],
): Promise<Decision<string[]>> {
  const ids: string[] = []
  for (const [i, ref] of refs.entries()) {
    const row = await loadPrincipal(tx, ref)
    if (row === undefined) return refuse({ code: 'unknown_reference', field: `${path}.${i}`, value: ref })
    ids.push(row.id)
  }
  return accept(ids)
}
