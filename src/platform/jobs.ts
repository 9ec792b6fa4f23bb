/**
 * Durable jobs, kept by pg-boss in a schema `pgboss` of the same database. The schema is made by the owner when
 * the database is prepared; the service works in it with the rights of docket_app and changes no structure.
 * Jobs carry ids only, no data of a tenant, and doing one twice must do no harm: whoever does the work compares
 * and sets.
 */
import type pg from 'pg'
import { Pool, types as plainTypes } from 'pg'
import type { Logger } from 'pino'
import type { Database } from './database.ts'

const schema = 'pgboss'
/** A new queue, or another pg-boss, changes this text: the database is then prepared anew. */
export const jobsMark = 'pg-boss 12.35.0: approval-sweep, approval-step'
const queueNames = ['approval-sweep', 'approval-step'] as const
export type QueueName = (typeof queueNames)[number]

export type JobData = { readonly [name: string]: string | number }
export type SendOptions = {
  /** Jobs with one key stand for the same work. */
  readonly key: string
  /** At most one with this key in so many seconds. */
  readonly everySeconds?: number
  /** When it is to be done; at once when left out. */
  readonly at?: string
}

export type Jobs = {
  send(queue: QueueName, data: JobData, options: SendOptions): Promise<void>
  /** The work of this process on a queue: one job at a time. */
  work(queue: QueueName, handle: (data: JobData) => Promise<void>): Promise<void>
  close(): Promise<void>
}

const quiet = { schedule: false, supervise: false, reindex: false, monitorVacuum: false } as const

/** Makes or upgrades the schema as docket_owner. The client's role must be able to become docket_owner. */
export async function prepareJobs(client: pg.Client): Promise<void> {
  if (await isPrepared(client)) return
  await client.query(`select pg_advisory_lock(hashtext('docket.jobs'))`)
  try {
    if (await isPrepared(client)) return
    const { PgBoss } = await import('pg-boss')
    await client.query('set role docket_owner')
    const boss = new PgBoss({ db: onClient(client), schema, ...quiet })
    await boss.start()
    for (const name of queueNames) await boss.createQueue(name, queueOptions)
    await boss.stop({ graceful: false, close: false })
    for (const grant of grants) await client.query(grant)
    await client.query(`comment on schema ${schema} is ${client.escapeLiteral(jobsMark)}`)
  } finally {
    await client.query('reset role')
    await client.query(`select pg_advisory_unlock(hashtext('docket.jobs'))`)
  }
}

/** What serving needs: sending, doing and clearing jobs; no queue is made, and no structure changed. */
const grants = [
  `revoke execute on all functions in schema ${schema} from public`,
  `grant usage on schema ${schema} to docket_app`,
  `grant execute on function ${schema}.job_now() to docket_app`,
  `grant select on all tables in schema ${schema} to docket_app`,
  `grant update on ${schema}.version, ${schema}.queue to docket_app`,
  `grant insert, update, delete on ${schema}.job, ${schema}.job_common, ${schema}.job_dependency, ${schema}.warning to docket_app`,
]

/** Short: what is missed is found again by the next sweep. */
const queueOptions = {
  retryLimit: 5,
  retryBackoff: true,
  retryDelayMax: 60,
  expireInSeconds: 300,
  deleteAfterSeconds: 3600,
  retentionSeconds: 7 * 24 * 3600,
} as const

async function isPrepared(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ says: string | null }>(
    `select obj_description(to_regnamespace($1), 'pg_namespace') as says`,
    [schema],
  )
  return rows[0]?.says === jobsMark
}

/** pg-boss reads times as the driver gives them by itself, not as the trail writes them. */
const onClient = (client: pg.Client | pg.Pool) => ({
  async executeSql(text: string, values: unknown[] = []): Promise<{ rows: unknown[] }> {
    const query = { ...(values.length === 0 ? { text } : { text, values }), types: plainTypes }
    return client instanceof Pool ? client.query(query) : client.query(query)
  },
})

/** Jobs of the service, over its own pool of connections. */
export async function openJobs(db: Database, log: Logger): Promise<Jobs> {
  // Loaded here: most commands have no jobs to do.
  const { PgBoss } = await import('pg-boss')
  const boss = new PgBoss({
    db: onClient(db.pool),
    schema,
    ...quiet,
    supervise: true,
    migrate: false,
    createSchema: false,
  })
  // The database away: pg-boss asks again by itself.
  boss.on('error', (error) => log.warn({ err: error }, 'jobs will be tried again'))
  await boss.start()
  return {
    async send(queue, data, { key, everySeconds, at }) {
      await boss.send(queue, data, {
        singletonKey: key,
        ...(everySeconds === undefined ? {} : { singletonSeconds: everySeconds }),
        ...(at === undefined ? {} : { startAfter: new Date(at) }),
      })
    },
    async work(queue, handle) {
      await boss.work<JobData>(queue, { batchSize: 1, pollingIntervalSeconds: 1 }, async (jobs) => {
        for (const job of jobs) await handle(job.data)
      })
    },
    close: () => boss.stop({ graceful: true, close: false, timeout: 10_000 }),
  }
}
