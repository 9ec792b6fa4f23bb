/**
 * Work in one tenant. Reads go out at once; writes are queued and leave together, in one message: a change
 * costs two round trips, or one when nothing must be read. A statement that locks or writes opens a
 * transaction; without one, what is queued at the end is a single implicit transaction. `record` queues the
 * entry: state and entry, or neither.
 */
import type pg from 'pg'
import type { FieldChange, RecordKind } from '#domain/entry.ts'
import type { Actor } from '#domain/principal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Accounts } from './accounts.ts'
import type { Statement } from './batch.ts'
import { readClock } from './clock.ts'
import type { RelyingParty } from './config.ts'
import { connect } from './database.ts'
import type { Database } from './database.ts'
import { toEntries, toEntry } from './entry-writer.ts'
import { newId } from './id.ts'
import type { ReadSecret } from './secret.ts'
import { asUnavailable } from './sqlstate.ts'
import { together, toQuery } from './sql.ts'
import type { Query } from './sql.ts'
import { openWire } from './wire.ts'
import type { Wrap } from './wrap.ts'

/** How a call came in: what every entry says about its origin. */
export type Call = {
  readonly requestId: string
  /** The version that the caller read (If-Match); the operation refuses another. */
  readonly ifVersion?: number | undefined
  readonly idempotencyKey?: string | undefined
  /** Aborted when nobody waits for the answer any more; heard by what thinks long. */
  readonly signal?: AbortSignal | undefined
}

/** The row of a record, as far as its chain of entries is concerned. */
export type Chained = {
  readonly id: string
  readonly version: number
  readonly entry_seq: number
  readonly entry_head: Buffer
}
export type Head = {
  readonly version: number
  readonly entry_seq: number
  readonly entry_id: string
  readonly entry_head: Buffer
}

export type Change = {
  readonly kind: RecordKind
  /** The locked row, or only an id for a record that begins with this entry. */
  readonly record: Chained | { readonly id: string }
  readonly action: string
  readonly reason?: string | null | undefined
  readonly changes: readonly FieldChange[]
  readonly detail?: { readonly [name: string]: unknown }
  /** False when the record itself stays as it is: a comment, a refused attempt. */
  readonly newVersion?: boolean
  /** Server time of the entry when it must not be the transaction's start: taken under the record's lock. */
  readonly at?: string
}

export type Tx = {
  readonly tenantId: string
  /** Who acts: every entry of this transaction says so. */
  readonly actor: ActingAs
  readonly call: Call
  readonly accounts: Accounts
  /** Wraps what must not lie open in the database. */
  readonly wrap: Wrap
  /** What passkeys are bound to. */
  readonly relyingParty: RelyingParty
  /** Reads a secret where it is kept; outside of the transaction. */
  readonly readSecret: ReadSecret
  /** False when a compare-and-set has failed before: this time, what is changed must be locked first. */
  readonly mayGuess: boolean
  rows<Row>(text: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>
  maybe<Row>(text: TemplateStringsArray, ...values: unknown[]): Promise<Row | undefined>
  /** A read of many shapes: planned for its values each time, not prepared. */
  list<Row>(text: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>
  /**
   * Queued; sent with the commit. `expect` is how many rows it must touch: with another count nothing is done.
   * `head` is for the update that moves a record's head, said right after its `record`: both are one statement,
   * and the database refuses an entry that is not the head.
   */
  write(expect: number | 'head'): (text: TemplateStringsArray, ...values: unknown[]) => void
  /**
   * From the next statement on, nobody else changes this record until this is done. It must be said before the
   * row is locked: who waits for a row may have its transaction id already, and then its entry would stand in
   * the log before the entry that it follows.
   */
  lock(recordId: string): void
  /** Queues the entry and gives the head that the record's row must now carry. */
  record(change: Change): Head
  /** Many entries of one time in one statement, sent at once: the heads, and when the database has them. */
  recordAll(changes: readonly Change[], at: string): { readonly heads: Head[]; readonly sent: Promise<void> }
  /** The refusal stands, but what was recorded about it is committed. */
  keepDespiteRefusal(): void
  /**
   * Sends what is queued, so that what is read next sees it: for many changes of which one rests on another. Every record that
   * was there must have been locked before the first of them.
   */
  send(): Promise<void>
  /** What was queued or sent is not done after all, nor what is queued from now on. */
  drop(): void
  /** Done once everything is committed. */
  afterCommit(work: () => void): void
  /** The service's time now, RFC 3339 in microseconds; later than `instant` when one is given. */
  now(instant?: string): string
  newId(): string
}

export type Bound = {
  readonly tenantId: string
  readonly actor: ActingAs
  readonly call: Call
  readonly mayGuess?: boolean
  /** Only reads, and everything as it stood at the first of them, however long that takes. */
  readonly oneMoment?: boolean
}
type ActingAs = Pick<Actor, 'id' | 'kind' | 'name' | 'sponsorId' | 'client'>

/** What a transaction stands on. */
export type Floor = {
  readonly db: Database
  readonly accounts: Accounts
  readonly wrap: Wrap
  readonly relyingParty: RelyingParty
  readonly readSecret: ReadSecret
}

/** Runs the work; commits what it queued when the decision is to accept. */
export async function inTenant<T>(
  floor: Floor,
  bound: Bound,
  work: (tx: Tx) => Promise<Decision<T>>,
): Promise<Decision<T>> {
  const client = await connect(floor.db)
  const session = openSession(client, floor, bound)
  let broken: Error | undefined
  try {
    const decision = await work(session.tx)
    await (decision.ok || session.keeps() ? session.commit() : session.rollback())
    return decision
  } catch (error) {
    broken = asUnavailable(error)
    if (broken === undefined) await session.rollback().catch((cause: Error) => (broken = cause))
    throw broken ?? error
  } finally {
    client.release(broken)
  }
}

function openSession(client: pg.PoolClient, floor: Floor, bound: Bound) {
  const wire = openWire(client, bound.tenantId, bound.oneMoment)
  const writes: Statement[] = []
  const afterwards: (() => void)[] = []
  let keep = false
  let sent = false
  let dropped = false
  let entry: Query | undefined
  const rowsOf = async <Row>(query: Query): Promise<Row[]> => (await wire.ask(query)).rows as Row[]
  const tx: Tx = {
    tenantId: bound.tenantId,
    actor: bound.actor,
    call: bound.call,
    accounts: floor.accounts,
    wrap: floor.wrap,
    relyingParty: floor.relyingParty,
    readSecret: floor.readSecret,
    mayGuess: bound.mayGuess ?? false,
    rows: (text, ...values) => rowsOf(toQuery(text, values)),
    maybe: async <Row>(text: TemplateStringsArray, ...values: unknown[]) =>
      (await rowsOf<Row>(toQuery(text, values)))[0],
    list: async <Row>(text: TemplateStringsArray, ...values: unknown[]) =>
      (await wire.askPlanned(toQuery(text, values))).rows as Row[],
    write:
      (expect) =>
      (text, ...values) => {
        const query = toQuery(text, values)
        if (expect !== 'head') writes.push(guard(query, expect))
        else if (entry !== undefined && writes.at(-1) === entry) writes.splice(-1, 1, together(entry, query))
        else throw new Error('a head is moved right after its entry is recorded')
      },
    lock: (recordId) => wire.lock(recordId),
    record(change) {
      if ('entry_seq' in change.record) wire.lock(change.record.id)
      const { head, query } = toEntry(bound, change, change.at ?? readClock())
      entry = query
      writes.push(entry)
      return head
    },
    recordAll(changes, at) {
      const { heads, query } = toEntries(bound, changes, at)
      return { heads, sent: wire.ask(query).then(() => undefined) }
    },
    keepDespiteRefusal: () => void (keep = true),
    async send() {
      if (writes.length === 0) return
      sent = true
      entry = undefined
      await wire.write(writes.splice(0))
    },
    drop() {
      dropped = sent
      writes.length = 0
      afterwards.length = 0
    },
    afterCommit: (work) => void afterwards.push(work),
    now: nowAfter,
    newId,
  }
  return {
    tx,
    keeps: () => keep,
    async commit(): Promise<void> {
      if (dropped) return wire.rollback()
      await wire.commit(writes)
      for (const work of afterwards) work()
    },
    rollback: () => wire.rollback(),
  }
}

function nowAfter(instant?: string): string {
  const now = readClock()
  return instant === undefined || now > instant ? now : instant
}

/** A statement that does not touch as many rows as it must fails, and with it everything that goes with it. */
function guard({ text, name, values }: Query, expect: number): Statement {
  if (/^\s*insert\b/i.test(text)) return { text, name, values }
  const counted = `with touched as (${text} returning 1) select expect_rows((select count(*) from touched), $${values.length + 1})`
  return { text: counted, name: `${name}e`, values: [...values, expect] }
}
