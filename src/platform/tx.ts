/**
 * One transaction of one tenant. Reads go out at once; writes are queued and leave together with the commit,
 * so that a change costs two round trips. `record` queues the entry: state and entry, or neither.
 */
import type pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { sealEntry } from '#domain/entry.ts'
import type { FieldChange, RecordKind } from '#domain/entry.ts'
import type { Actor } from '#domain/principal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Accounts } from './accounts.ts'
import { connect } from './database.ts'
import type { Database } from './database.ts'
import { asUnavailable } from './sqlstate.ts'
import { toQuery } from './sql.ts'

/** How a call came in: what every entry says about its origin. */
export type Call = {
  readonly requestId: string
  /** The version that the caller read (If-Match); the operation refuses another. */
  readonly ifVersion?: number | undefined
  readonly idempotencyKey?: string | undefined
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
  readonly call: Call
  readonly accounts: Accounts
  rows<Row>(text: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>
  maybe<Row>(text: TemplateStringsArray, ...values: unknown[]): Promise<Row | undefined>
  /** A read of many shapes: planned for its values each time, not prepared. */
  list<Row>(text: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>
  /** Queued; sent with the commit. `expect` is how many rows it must touch: another count is a defect. */
  write(expect: number | 'any'): (text: TemplateStringsArray, ...values: unknown[]) => void
  /** Queues the entry and gives the head that the record's row must now carry. */
  record(change: Change): Head
  /** Many entries of one time in one statement, sent at once: the heads, and when the database has them. */
  recordAll(changes: readonly Change[], at: string): { readonly heads: Head[]; readonly sent: Promise<void> }
  /** The refusal stands, but what was recorded about it is committed. */
  keepDespiteRefusal(): void
  /** Start of the transaction on the server's clock, microseconds. */
  now(): Promise<string>
  newId(): string
}

type Write = { readonly expect: number | 'any'; readonly query: ReturnType<typeof toQuery> }

export type Bound = { readonly tenantId: string; readonly actor: ActingAs; readonly call: Call }
type ActingAs = Pick<Actor, 'id' | 'kind' | 'name' | 'sponsorId' | 'client'>

/** What a transaction stands on. */
export type Floor = { readonly db: Database; readonly accounts: Accounts }

/** Runs the work in a transaction; commits what it queued when the decision is to accept. */
export async function inTenant<T>(
  floor: Floor,
  bound: Bound,
  work: (tx: Tx) => Promise<Decision<T>>,
): Promise<Decision<T>> {
  const client = await connect(floor.db)
  let broken: Error | undefined
  try {
    const begun = begin(client, bound.tenantId)
    const session = openSession(client, floor, bound, begun)
    const decision = await work(session.tx)
    await begun
    if (decision.ok || session.kept()) await commit(client, session.writes)
    else await client.query(rollbackQuery)
    return decision
  } catch (error) {
    broken = asUnavailable(error)
    if (broken === undefined) await client.query(rollbackQuery).catch((cause: Error) => (broken = cause))
    throw broken ?? error
  } finally {
    client.release(broken)
  }
}

const beginQuery = { name: 'begin', text: 'begin' }
const commitQuery = { name: 'commit', text: 'commit' }
const rollbackQuery = { name: 'rollback', text: 'rollback' }
const enterTenant = {
  name: 'enter_tenant',
  text: `select set_config('docket.tenant_id', $1, true), now() as at`,
}

function begin(client: pg.PoolClient, tenantId: string): Promise<string> {
  const opened = client.query(beginQuery)
  const entered = client.query<{ at: string }>({ ...enterTenant, values: [tenantId] })
  const begun = Promise.all([opened, entered]).then(([, result]) => result.rows[0]?.at ?? '')
  begun.catch(() => undefined) // reported by whoever awaits it: `now`, or the end of the transaction
  return begun
}

function openSession(client: pg.PoolClient, floor: Floor, bound: Bound, begun: Promise<string>) {
  const writes: Write[] = []
  let keep = false
  let startedAt = ''
  begun.then((at) => (startedAt = at)).catch(() => undefined)
  const tx: Tx = {
    tenantId: bound.tenantId,
    call: bound.call,
    accounts: floor.accounts,
    rows: async <Row>(text: TemplateStringsArray, ...values: unknown[]) =>
      (await client.query(toQuery(text, values))).rows as Row[],
    maybe: async <Row>(text: TemplateStringsArray, ...values: unknown[]) =>
      (await client.query(toQuery(text, values))).rows[0] as Row | undefined,
    list: async <Row>(strings: TemplateStringsArray, ...given: unknown[]) => {
      const { text, values } = toQuery(strings, given)
      return (await client.query(text, values)).rows as Row[]
    },
    write:
      (expect) =>
      (text, ...values) =>
        void writes.push({ expect, query: toQuery(text, values) }),
    record(change) {
      const { head, write } = toEntry(bound, change, change.at ?? startedAt)
      writes.push(write)
      return head
    },
    recordAll: (changes, at) => sendEntries(client, bound, changes, at),
    keepDespiteRefusal: () => void (keep = true),
    now: () => begun,
    newId: uuidv7,
  }
  return { tx, writes, kept: () => keep }
}

const insertEntry = (strings: TemplateStringsArray, ...values: unknown[]): Write => ({
  expect: 1,
  query: toQuery(strings, values),
})

type Sealed = { readonly head: Head; readonly body: Buffer }

function toEntry(bound: Bound, change: Change, at: string): { head: Head; write: Write } {
  const { head, body } = sealChange(bound, change, at)
  const write = insertEntry`
    insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
    values (${head.entry_id}, ${change.kind}, ${change.record.id}, ${head.entry_seq}, ${change.action}, ${bound.actor.id}, ${at}, ${head.entry_head}, ${body})`
  return { head, write }
}

function sendEntries(client: pg.PoolClient, bound: Bound, changes: readonly Change[], at: string) {
  const sealed = changes.map((change) => sealChange(bound, change, at))
  const heads = sealed.map(({ head }) => head)
  const query = insertEntry`
    insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
    select id, kind, record_id, seq, action, ${bound.actor.id}::uuid, ${at}::timestamptz, leaf, body
      from unnest(${heads.map((head) => head.entry_id)}::uuid[], ${changes.map(({ kind }) => kind)}::text[],
                  ${changes.map(({ record }) => record.id)}::uuid[], ${heads.map((head) => head.entry_seq)}::integer[],
                  ${changes.map(({ action }) => action)}::text[], ${heads.map((head) => head.entry_head)}::bytea[],
                  ${sealed.map(({ body }) => body)}::bytea[]) as e (id, kind, record_id, seq, action, leaf, body)`.query
  const sent = client.query(query).then(({ rowCount }) => {
    if (rowCount !== changes.length) throw new Error(`expected ${changes.length} entries, got ${rowCount}`)
  })
  return { heads, sent }
}

function sealChange(bound: Bound, change: Change, at: string): Sealed {
  const { record } = change
  const before = 'entry_seq' in record ? record : { version: 0, entry_seq: 0, entry_head: null }
  const version = before.version + (change.newVersion === false ? 0 : 1)
  const seq = before.entry_seq + 1
  const id = uuidv7()
  const { actor } = bound
  const { body, leaf } = sealEntry({
    v: 1,
    id,
    tenant: bound.tenantId,
    record: { kind: change.kind, id: record.id },
    seq,
    version,
    actor: {
      id: actor.id,
      kind: actor.kind,
      name: actor.name,
      sponsor: actor.sponsorId,
      client: actor.client,
    },
    action: change.action,
    reason: change.reason ?? null,
    changes: change.changes,
    detail: change.detail ?? null,
    request: bound.call.requestId,
    at,
    prev: before.entry_head?.toString('hex') ?? null,
  })
  return { head: { version, entry_seq: seq, entry_id: id, entry_head: leaf }, body }
}

/** Sends every write and the commit in one go; the first failure speaks, and a lost row is a defect. */
async function commit(client: pg.PoolClient, writes: readonly Write[]): Promise<void> {
  const sent = writes.map(({ query }) => client.query(query))
  const committed = client.query(commitQuery)
  const results = await Promise.allSettled([...sent, committed])
  for (const result of results) if (result.status === 'rejected') throw result.reason
  const counts = results.map((result) => (result.status === 'fulfilled' ? result.value.rowCount : null))
  writes.forEach(({ expect, query }, i) => {
    if (expect !== 'any' && counts[i] !== expect)
      throw new Error(`expected ${expect} rows, got ${counts[i]}: ${query.text}`)
  })
}
