/**
 * Several statements in one message to PostgreSQL, with one Sync at the end: one round trip, and, where no
 * transaction is open, one implicit transaction (PostgreSQL protocol, "Pipelining"). pg itself sends a Sync
 * after every statement; each would cost both sides a system call and a wake-up more.
 */
import type pg from 'pg'
import { serialize } from 'pg-protocol'
import Result from 'pg/lib/result.js'
import { prepareValue } from 'pg/lib/utils.js'
import { types } from './types.ts'

export type Statement = {
  readonly text: string
  /** The name it is prepared under, once per connection; empty for one that is planned each time. */
  readonly name: string
  readonly values: readonly unknown[]
}
export type Outcome = { readonly rows: unknown[]; readonly rowCount: number | null }

/** The part of pg's connection that a query may use (pg's `Submittable` contract). */
type Connection = { readonly stream: { write(bytes: Buffer): void }; docket?: Prepared }
/** What this connection has prepared: the fields that each statement answers with, once they are known. */
type Prepared = { readonly fields: Map<string, unknown[] | undefined>; readonly doubtful: Set<string> }

/** Resolves with one outcome for each statement; the first that fails rejects, and none after it was run. */
export function sendBatch(client: pg.ClientBase, statements: readonly Statement[]): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    const results = statements.map(() => new Result(undefined, types))
    let current = 0
    let sentFirst: string[] = []
    let prepared: Prepared | undefined
    const batch = {
      submit(connection: Connection): void {
        prepared = connection.docket ??= { fields: new Map(), doubtful: new Set() }
        const messages: Buffer[] = []
        const known = prepared
        sentFirst = statements.flatMap((statement, i) => toMessages(messages, known, statement, results[i]))
        messages.push(serialize.sync())
        // One buffer, not one for each message: the socket's own bookkeeping for each costs more than the copy.
        connection.stream.write(Buffer.concat(messages))
      },
      handleRowDescription({ fields }: { fields: unknown[] }): void {
        results[current]?.addFields(fields)
        prepared?.fields.set(statements[current]?.name ?? '', fields)
      },
      handleDataRow({ fields }: { fields: unknown[] }): void {
        const result = results[current]
        result?.addRow(result.parseRow(fields))
      },
      handleCommandComplete(message: unknown): void {
        results[current]?.addCommandComplete(message)
        const name = statements[current]?.name ?? ''
        if (prepared?.fields.has(name) === true && prepared.fields.get(name) === undefined)
          prepared.fields.set(name, [])
        current += 1
      },
      handleEmptyQuery: (): void => void (current += 1),
      handleReadyForQuery: (): void => resolve(results),
      handleError(error: Error): void {
        // Whether the statements that were new got prepared is not known: they are closed before they are used again.
        for (const name of sentFirst) {
          prepared?.fields.delete(name)
          prepared?.doubtful.add(name)
        }
        reject(error)
      },
    }
    client.query(batch as unknown as pg.Submittable)
  })
}

type PgResult = InstanceType<typeof Result>

/** Gives the statement's name when this is the first time that the connection sees it. */
function toMessages(
  messages: Buffer[],
  prepared: Prepared,
  { text, name, values }: Statement,
  result: PgResult | undefined,
): string[] {
  const isNew = name === '' || !prepared.fields.has(name)
  if (isNew) {
    if (prepared.doubtful.delete(name)) messages.push(serialize.close({ type: 'S', name }))
    messages.push(serialize.parse({ text, name }))
    if (name !== '') prepared.fields.set(name, undefined)
  }
  messages.push(serialize.bind({ statement: name, values: [...values], valueMapper: prepareValue }))
  const fields = name === '' ? undefined : prepared.fields.get(name)
  if (fields === undefined) messages.push(serialize.describe({ type: 'P', name: '' }))
  else result?.addFields(fields)
  messages.push(serialize.execute({}))
  return isNew && name !== '' ? [name] : []
}
