/** What the demo knows of tools, calendars and what its people can do: enough for the templates that ship. */
import { changesBetween } from '#domain/entry.ts'
import { accept } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Tx } from '#platform/tx.ts'
import { lockPrincipal, updatePerson } from '../principal/store.ts'
import { insertNew } from '../resource/registry.ts'
import { loadResource } from '../resource/store.ts'

/** What each of them is rated in; by 4, for good. */
const skills: { readonly [person: string]: readonly string[] } = {
  'Lee Lab': ['Windows 11 build', 'computer system validation', 'HPLC calibration', 'hydraulic excavators'],
  'Vik Vendor': ['instrument software installation'],
}
const tools = { 'torque wrench': 2, 'oil sampling kit': 3, 'imaging stick': 1, 'calibrated stopwatch': 1 }
const dayShift = {
  time_zone: 'Europe/Berlin',
  shifts: [{ weekdays: [1, 2, 3, 4, 5], start: '07:00', end: '15:30' }],
  holidays: [],
  extra_shifts: [],
  valid_from: null,
  valid_until: null,
}

/** Adds what is missing, and changes nothing that is there. */
export async function keepResources(tx: Tx): Promise<Decision<undefined>> {
  const ids = new Map<string, string>()
  const keep = async (
    type: 'experience' | 'tool' | 'calendar',
    name: string,
    body: { readonly [member: string]: unknown },
  ): Promise<void> => {
    const known = await loadResource(tx, type, name)
    ids.set(name, (known ?? insertNew(tx, { type, name, body, retired: false })).id)
  }
  for (const name of Object.values(skills).flat()) if (!ids.has(name)) await keep('experience', name, {})
  for (const [name, quantity] of Object.entries(tools)) await keep('tool', name, { quantity })
  await keep('calendar', 'day shift', dayShift)
  for (const [person, names] of Object.entries(skills)) {
    const before = await lockPrincipal(tx, person)
    if (before === undefined || before.ratings !== null) continue
    const ratings = names
      .map((name) => ({
        experience_id: ids.get(name) ?? '',
        rating: 4,
        expires_at: null,
        evidence: 'of the demo',
        rated_by: tx.actor.id,
        rated_at: before.locked_at,
        told_days: null,
      }))
      .toSorted((a, b) => (a.experience_id < b.experience_id ? -1 : 1))
    const row = { profile: before.profile, ratings }
    const changes = changesBetween(['profile', 'ratings'], before, row)
    const head = tx.record({
      kind: 'principal',
      record: before,
      action: 'rated',
      changes,
      at: before.locked_at,
    })
    updatePerson(tx, before, row, head)
  }
  return accept(undefined)
}
