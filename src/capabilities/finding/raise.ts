/**
 * Raising a finding: called by whatever meets a violation or damage, inside the transaction that records it.
 * Where the request itself is refused, the caller says `tx.keepDespiteRefusal()`.
 */
import { changesBetween } from '#domain/entry.ts'
import { countAgain, findingFields, findingNumber, openFinding } from '#domain/finding.ts'
import type { FindingFields, Severity } from '#domain/finding.ts'
import type { Tx } from '#platform/tx.ts'
import {
  findUnclosed,
  insertFinding,
  listQa,
  lockAbout,
  lockFinding,
  takeNumber,
  updateFinding,
} from './store.ts'
import type { LockedFinding } from './store.ts'

export type FindingRaised = {
  /** Such as `separation_of_duties`; `log_mismatch` holds everything regulatory until it is closed. */
  readonly kind: string
  readonly severity: Severity
  readonly workOrderId: string | null
  /** Whose violation it is: neither this person nor its sponsor closes the finding. */
  readonly violatorId?: string | null
  /** The same kind, work order, violator and title again is counted, not opened twice. */
  readonly title: string
  /** JSON; what is undefined in it is left out. */
  readonly detail: object
  /** Server time, RFC 3339. */
  readonly at: string
}

/** What is queued is not seen yet: a finding that one transaction raises twice is one occurrence. */
const raisedIn = new WeakMap<Tx, Map<string, string>>()

/** Gives its number: that of the finding about the same that stands open, or of a new one. */
export async function raiseFinding(tx: Tx, raised: FindingRaised): Promise<string> {
  const violatorId = raised.violatorId ?? null
  const key = JSON.stringify([raised.kind, raised.workOrderId, violatorId, raised.title])
  const before = raisedIn.get(tx) ?? new Map<string, string>()
  const again = before.get(key)
  if (again !== undefined) return again
  const number = await raiseOnce(tx, raised, key)
  raisedIn.set(tx, before.set(key, number))
  return number
}

async function raiseOnce(tx: Tx, raised: FindingRaised, key: string): Promise<string> {
  const violatorId = raised.violatorId ?? null
  const detail = JSON.parse(JSON.stringify(raised.detail)) as FindingFields['detail']
  await lockAbout(tx, key)
  const known = await findUnclosed(tx, { ...raised, violatorId })
  const locked = known === undefined ? undefined : await lockFinding(tx, known)
  // Somebody may have closed it while this waited for it.
  if (locked !== undefined && locked.state !== 'closed') {
    recordAgain(tx, locked, detail)
    return locked.number
  }
  const year = Number(raised.at.slice(0, 4))
  const qaIds = await listQa(tx)
  const number = findingNumber(year, await takeNumber(tx, year))
  const row = openFinding({ ...raised, violatorId, detail, number }, qaIds)
  const id = tx.newId()
  const head = tx.record({
    kind: 'finding',
    record: { id },
    action: 'opened',
    changes: changesBetween(findingFields, {}, row),
    at: raised.at,
  })
  insertFinding(tx, id, row, head)
  return number
}

function recordAgain(tx: Tx, finding: LockedFinding, detail: FindingFields['detail']): void {
  const row = { ...finding, ...countAgain(finding, finding.locked_at) }
  const head = tx.record({
    kind: 'finding',
    record: finding,
    action: 'recurred',
    changes: changesBetween(findingFields, finding, row),
    detail,
    at: finding.locked_at,
  })
  updateFinding(tx, finding, row, head)
}
