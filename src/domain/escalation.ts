/**
 * What happens when nobody signs in time: a reminder at half of the hours, the managers at all of them, then
 * up the policy's chain, one rung each further half. A rung on which everybody is away is left out, so the
 * word goes on at once; nobody is told twice of one rung.
 */
import { parseInstant } from './instant.ts'
import { addWorkingHours } from './sla.ts'
import type { WorkingCalendar } from './sla.ts'

export type Person = {
  readonly id: string
  readonly name: string
  readonly manager_id: string | null
  /** Cannot be reached now: away, disabled, or no person. */
  readonly absent: boolean
}

/** A rung of the chain: the managers of those on the rung before it, or these people. */
export type Rung = 'manager' | readonly Person[]

export type StepFacts = {
  /** How many rungs were taken: 0 before the reminder. */
  readonly step: number
  /** When the next one was planned; for the first one, no earlier than half of the hours after `startAt`. */
  readonly nextStepAt: string
  /** Since when it can be signed. */
  readonly startAt: string
  readonly slaHours: number
  readonly calendar: WorkingCalendar
  /** Everybody who could sign it now. */
  readonly signers: readonly Person[]
  /** After the managers of the signers. */
  readonly chain: readonly Rung[]
  readonly people: ReadonlyMap<string, Person>
  readonly now: string
}

export type Step = {
  readonly step: number
  readonly action: 'approval_reminded' | 'approval_escalated'
  readonly to: readonly Person[]
  readonly due_at: string
  /** Null after the last rung. */
  readonly next_step_at: string | null
}

const reminder = 1
const managers = 2

/** The step that is to be taken now; undefined when it is too early for one, or none is left. */
export function decideStep(facts: StepFacts): Step | undefined {
  const { startAt, slaHours, calendar, now } = facts
  const last = managers + facts.chain.length
  if (facts.step >= last) return undefined
  const half = addWorkingHours(startAt, slaHours / 2, calendar)
  const due = addWorkingHours(startAt, slaHours, calendar)
  const planned = facts.step === 0 ? later(half, facts.nextStepAt) : facts.nextStepAt
  if (isBefore(now, planned)) return undefined
  const rungs = listRungs(facts)
  // When it is overdue already, the service was away: a reminder now would only put the managers off.
  const next = Math.max(facts.step + 1, isBefore(now, due) ? reminder : managers)
  const reached = rungs.findIndex((people, i) => i + 1 >= next && people.some(({ absent }) => !absent))
  // That there is nobody to tell is a step too: it stands in the record.
  const step = reached === -1 ? last : reached + 1
  return {
    step,
    action: step === reminder ? 'approval_reminded' : 'approval_escalated',
    to: (rungs[step - 1] ?? []).filter(({ absent }) => !absent),
    due_at: due,
    next_step_at: step === last ? null : planNext(planned, facts),
  }
}

const isBefore = (a: string, b: string): boolean => parseInstant(a) < parseInstant(b)
const later = (a: string, b: string): string => (isBefore(a, b) ? b : a)

/** Half of the hours after this step was planned; after an outage, half of them from now, not all at once. */
function planNext(planned: string, { slaHours, calendar, now }: StepFacts): string {
  const next = addWorkingHours(planned, slaHours / 2, calendar)
  return isBefore(now, next) ? next : addWorkingHours(now, slaHours / 2, calendar)
}

/** Everybody on each rung, away or not: the manager of who is away is still the next one up. */
function listRungs({ signers, chain, people }: StepFacts): (readonly Person[])[] {
  const rungs: (readonly Person[])[] = [signers, listManagers(signers, people)]
  for (const rung of chain) rungs.push(rung === 'manager' ? listManagers(rungs.at(-1) ?? [], people) : rung)
  return rungs
}

function listManagers(of: readonly Person[], people: ReadonlyMap<string, Person>): Person[] {
  const found = new Map<string, Person>()
  for (const { manager_id } of of) {
    const manager = manager_id === null ? undefined : people.get(manager_id)
    if (manager !== undefined) found.set(manager.id, manager)
  }
  return [...found.values()]
}
