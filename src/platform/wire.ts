/**
 * One pooled connection while it works for one tenant. The tenant is set for as long as a transaction lasts:
 * the open one, or the implicit one of a single message. The first statement that locks or writes opens one.
 */
import type pg from 'pg'
import { sendBatch } from './batch.ts'
import type { Outcome, Statement } from './batch.ts'
import type { Query } from './sql.ts'

const begin: Statement = { name: 'begin', text: 'begin', values: [] }
const beginReading: Statement = {
  name: 'begin_reading',
  text: 'begin isolation level repeatable read, read only',
  values: [],
}
const commit: Statement = { name: 'commit', text: 'commit', values: [] }
const rollback: Statement = { name: 'rollback', text: 'rollback', values: [] }
const planForValues: Statement = {
  name: 'plan_for_values',
  text: `select set_config('plan_cache_mode', 'force_custom_plan', true)`,
  values: [],
}

const enterTenant = (tenantId: string): Statement => ({
  name: 'enter_tenant',
  text: `select set_config('docket.tenant_id', $1, true)`,
  values: [tenantId],
})
const lockRecord = (recordId: string): Statement => ({
  name: 'lock_record',
  text: 'select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))',
  values: [recordId],
})
/** Both in one: on the hot path each statement counts. */
const enterTenantAndLock = (tenantId: string, recordId: string): Statement => ({
  name: 'enter_tenant_and_lock',
  text: `select set_config('docket.tenant_id', $1, true), pg_advisory_xact_lock(hashtextextended($2::uuid::text, 0))`,
  values: [tenantId, recordId],
})

function enter(tenantId: string, [record, ...others]: readonly string[]): Statement[] {
  if (record === undefined) return [enterTenant(tenantId)]
  return [enterTenantAndLock(tenantId, record), ...others.map(lockRecord)]
}

type Waiting = {
  readonly statement: Statement
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
}

/** With `oneMoment`, everything is read as it stood at the first statement, and nothing can be written. */
export function openWire(client: pg.PoolClient, tenantId: string, oneMoment = false) {
  const locked = new Set<string>()
  const toLock: string[] = []
  const waiting: Waiting[] = []
  let open = false
  let transacts = oneMoment

  const send = async (statements: readonly Statement[]): Promise<Outcome[]> => {
    const locks = toLock.splice(0)
    const ahead = open ? locks.map(lockRecord) : enter(tenantId, locks)
    if (transacts && !open) ahead.unshift(oneMoment ? beginReading : begin)
    open = transacts
    return (await sendBatch(client, [...ahead, ...statements])).slice(ahead.length)
  }
  const flush = (): void => {
    const asked = waiting.splice(0)
    send(asked.map(({ statement }) => statement)).then(
      (outcomes) => asked.forEach(({ resolve }, i) => resolve(outcomes[i] ?? { rows: [], rowCount: null })),
      (error: Error) => asked.forEach(({ reject }) => reject(error)),
    )
  }
  const enqueue = (statement: Statement): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      if (waiting.push({ statement, resolve, reject }) === 1) queueMicrotask(flush)
    })
  return {
    /** The lock is taken ahead of the next statements that are sent, and held to the end. */
    lock(recordId: string): void {
      if (locked.has(recordId)) return
      locked.add(recordId)
      toLock.push(recordId)
    },
    /** Statements that are asked for in the same turn go out as one message. */
    ask(query: Query): Promise<Outcome> {
      // A lock that is taken ahead of a read is held from there on, so it needs a transaction too.
      transacts ||= query.transacts || toLock.length > 0
      return enqueue(query)
    },
    /** In the transaction, in this order, at once. */
    async write(statements: readonly Statement[]): Promise<void> {
      transacts = true
      await Promise.all(statements.map(enqueue))
    },
    /** Planned for its values instead of prepared once for all. */
    async askPlanned(query: Query): Promise<Outcome> {
      transacts ||= toLock.length > 0
      const [, outcome] = await Promise.all([enqueue(planForValues), enqueue({ ...query, name: '' })])
      return outcome
    },
    /** Sends what is left; without an open transaction it is one of its own, all or nothing. */
    async commit(writes: readonly Statement[]): Promise<void> {
      if (open) await send([...writes, commit])
      else if (writes.length > 0) await send(writes)
    },
    async rollback(): Promise<void> {
      if (open) await sendBatch(client, [rollback])
    },
  }
}
