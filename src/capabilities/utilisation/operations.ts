/**
 * How much of people, tools and assets is used: open, set aside and worked hours of a range. The one rule: what is open is
 * the calendar's less absences; tools and assets have no calendar and are open around the clock.
 */
import { z } from 'zod'
import type { GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { toInstant } from '#domain/instant.ts'
import { operation } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPeople } from '../person/working.ts'
import { inOurTimes } from '../work-order/schema.ts'
import { listAssets, listTools, listWorkedHours } from './store.ts'
import type { ThingRow } from './store.ts'

const planners: readonly GrantedRole[] = ['assigner', 'captain', 'system_owner', 'qa', 'admin', 'auditor']
const permission: Permission = { kinds: ['human', 'agent', 'system'], roles: planners }
const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')
const kinds = ['person', 'tool', 'asset'] as const
const hourMs = 3_600_000
const mostDays = 366

const use = {
  open_hours: z.number().describe('hours times pieces'),
  reserved_hours: z.number().describe('of people, as far as they are open then'),
  worked_hours: z.number().nullable().describe('logged; null for tools and assets'),
  reserved_share: z.number().nullable().describe('of the open hours; null where there are none'),
  worked_share: z.number().nullable(),
}
type Hours = { readonly open: number; readonly reserved: number; readonly worked: number | null }
type Used = Hours & { readonly id: string; readonly name: string; readonly quantity: number }

export const utilisation = operation({
  name: 'resource.utilisation',
  summary: 'Read how much of people, tools or assets is open, set aside and worked in a range of time',
  http: ['GET', '/v1/resources/utilisation'],
  permission,
  mutates: false,
  example: '--kind tool --from 2027-02-01T00:00:00Z --until 2027-03-01T00:00:00Z',
  input: z.strictObject({
    kind: z.enum(kinds).default('person'),
    from: instant,
    until: instant.describe('the first instant that does not count; at most 366 days after from'),
  }),
  output: z.object({
    kind: z.enum(kinds),
    from: z.string(),
    until: z.string(),
    ...use,
    data: z.array(z.object({ id: z.uuid(), name: z.string(), quantity: z.int(), ...use })),
  }),
  async run(tx, _actor, { kind, from: start, until: end }) {
    const [from, until] = [start, end].map((given) => toInstant(Date.parse(given) * 1000)) as [string, string]
    const hours = (Date.parse(until) - Date.parse(from)) / hourMs
    if (!(hours > 0 && hours <= mostDays * 24))
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'until', message: `must be after from, by ${mostDays} days at most` }],
      })
    const used = await loadUsed(tx, kind, from, until)
    const total: Hours = {
      open: sum(used, ({ open }) => open),
      reserved: sum(used, ({ reserved }) => reserved),
      worked: kind === 'person' ? sum(used, ({ worked }) => worked ?? 0) : null,
    }
    const data = used.map(({ id, name, quantity, ...own }) => ({ id, name, quantity, ...toUse(own) }))
    return accept({ kind, from, until, ...toUse(total), data })
  },
})

async function loadUsed(tx: Tx, kind: (typeof kinds)[number], from: string, until: string): Promise<Used[]> {
  const hours = (Date.parse(until) - Date.parse(from)) / hourMs
  const toUsed = ({ id, name, quantity, reserved_hours: reserved }: ThingRow): Used => ({
    id,
    name,
    quantity,
    open: hours * quantity,
    reserved,
    worked: null,
  })
  if (kind === 'tool') return (await listTools(tx, from, until)).map(toUsed)
  if (kind === 'asset') return (await listAssets(tx, from, until)).map(toUsed)
  const rows = await listWorkedHours(tx, from, until, tx.now())
  const worked = new Map(rows.map((row) => [row.person_id, row.hours]))
  const people = await loadPeople(tx, { start: from, end: until })
  return people
    .filter(({ id, active }) => active || worked.has(id))
    .map(({ id, name, openHours, bookedHours }) => ({
      id,
      name,
      quantity: 1,
      open: openHours,
      reserved: bookedHours,
      worked: worked.get(id) ?? 0,
    }))
}

const sum = (used: readonly Used[], of: (one: Used) => number): number =>
  used.reduce((all, one) => all + of(one), 0)

const round = (value: number): number => Number(value.toFixed(4))

function toUse({ open, reserved, worked }: Hours) {
  const share = (hours: number | null): number | null =>
    hours === null || open <= 0 ? null : round(hours / open)
  return {
    open_hours: round(open),
    reserved_hours: round(reserved),
    worked_hours: worked === null ? null : round(worked),
    reserved_share: share(reserved),
    worked_share: share(worked),
  }
}
