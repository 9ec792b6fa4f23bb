/**
 * SQL of the rows that the verifier compares. They come in binary as well: most of their forty columns are
 * null, and a row of a query would cost more than the entries of its record.
 */
import type { PoolClient } from 'pg'
import type { StoredRow } from '#domain/chain.ts'
import type { RecordKind } from '#domain/entry.ts'
import { readerOf } from '#platform/binary.ts'
import type { Read } from '#platform/binary.ts'
import { copyOut } from '#platform/copy-out.ts'
import { tables, within } from './store.ts'
import type { Range } from './store.ts'

export type RecordRow = StoredRow & { readonly kind: RecordKind; readonly id: string }

/** How the rows of one kind are read. */
export type RowReader = {
  readonly kind: RecordKind
  readonly select: string
  readonly reads: readonly Read[]
}

/** What comes before the fields; a work order has its category besides. */
const firstColumns = ['id', 'version', 'entry_seq', 'entry_id', 'entry_head', 'category']

/** Roles of a principal are no column: they are the grants, written and ordered as the trail does it. */
export const rolesOf = `array(select role from
    (select case when g.asset_id is null then g.role else g.role || '@' || g.asset_id end as role
       from role_grants g where g.principal_id = r.id) as granted order by role collate "C")`

/** Asks the catalogue for the types of the columns, so that no list of them has to be kept. */
export async function openRowReader(
  client: PoolClient,
  kind: RecordKind,
  fields: readonly string[],
): Promise<RowReader> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [tables[kind]],
  )
  const types = new Map(rows.map(({ name, type }) => [name, type]))
  const names = [...firstColumns, ...fields]
  const isGranted = (name: string): boolean => name === 'roles' && kind === 'principal'
  return {
    kind,
    select: names
      .map((name) => (isGranted(name) ? rolesOf : types.has(name) ? `r."${name}"` : 'null::text'))
      .join(', '),
    reads: names.map((name) => readerOf(isGranted(name) ? 'text[]' : (types.get(name) ?? 'text'))),
  }
}

export async function listRows(client: PoolClient, reader: RowReader, range: Range): Promise<RecordRow[]> {
  const { kind, select, reads } = reader
  const found: RecordRow[] = []
  const text = `select ${select} from ${tables[kind]} r where ${within('r.id', range)}`
  await copyOut(client, text, ({ bytes, starts, ends }) => {
    const read = (i: number): unknown => {
      const start = starts[i] ?? 0
      const end = ends[i] ?? 0
      return end < start ? null : reads[i]?.(bytes, start, end)
    }
    const values: unknown[] = []
    for (let i = firstColumns.length; i < reads.length; i += 1) values.push(read(i))
    found.push({
      kind,
      id: read(0) as string,
      version: read(1) as number,
      entry_seq: read(2) as number,
      entry_id: read(3) as string,
      entry_head: read(4) as string,
      category: read(5),
      values,
    })
  })
  return found
}
