/** SQL of resources: experiences, tools and calendars. */
import { isId } from '#platform/id.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export const resourceTypes = ['experience', 'tool', 'calendar'] as const
export type ResourceType = (typeof resourceTypes)[number]
export type ResourceFields = {
  readonly type: ResourceType
  readonly name: string
  readonly body: { readonly [member: string]: unknown }
  readonly retired: boolean
}
export const resourceFields = [
  'type',
  'name',
  'body',
  'retired',
] as const satisfies readonly (keyof ResourceFields)[]

export type ResourceRow = ResourceFields & {
  readonly id: string
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}
export type LockedResource = ResourceRow & Chained & { readonly locked_at: string }

/** By id or by name. */
export const loadResource = (tx: Tx, type: ResourceType, ref: string): Promise<ResourceRow | undefined> =>
  tx.maybe<ResourceRow>`
    select id, type, name, body, retired, version, created_at, updated_at from resources
     where type = ${type} and (id = ${isId(ref) ? ref : null} or name = ${ref})`

export async function lockResource(
  tx: Tx,
  type: ResourceType,
  ref: string,
): Promise<LockedResource | undefined> {
  const found = await loadResource(tx, type, ref)
  if (found === undefined) return undefined
  tx.lock(found.id)
  const row = await tx.maybe<Omit<LockedResource, 'locked_at'>>`
    select id, type, name, body, retired, version, created_at, updated_at, entry_seq, entry_head
      from resources where id = ${found.id} for update`
  return row === undefined ? undefined : { ...row, locked_at: tx.now(row.updated_at) }
}

export const listResources = (
  tx: Tx,
  filter: {
    readonly type: ResourceType
    readonly after: string
    readonly withRetired: boolean
    readonly limit: number
  },
): Promise<ResourceRow[]> =>
  tx.rows<ResourceRow>`
    select id, type, name, body, retired, version, created_at, updated_at from resources
     where type = ${filter.type} and name > ${filter.after} and (${filter.withRetired} or not retired)
     order by name limit ${filter.limit}`

/** Names by id, retired or not. */
export async function listResourceNames(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.rows<{ id: string; name: string }>`
    select id, name from resources where id = any (${[...ids]}::uuid[])`
  return new Map(rows.map(({ id, name }) => [id, name]))
}
/** Tools in use whose calibration is due between two days, both included. */
export const listToolsDue = (
  tx: Tx,
  from: string,
  until: string,
): Promise<Pick<ResourceRow, 'id' | 'body'>[]> =>
  tx.rows<Pick<ResourceRow, 'id' | 'body'>>`
    select id, body from resources
     where type = 'tool' and not retired and body ->> 'calibration_due' between ${from} and ${until} order by name`

export function insertResource(tx: Tx, id: string, row: ResourceFields, head: Head, at: string): void {
  tx.write(1)`
    insert into resources (id, type, name, body, retired, version, entry_seq, entry_id, entry_head, created_at, updated_at)
    values (${id}, ${row.type}, ${row.name}, ${JSON.stringify(row.body)}, ${row.retired}, ${head.version}, ${head.entry_seq},
            ${head.entry_id}, ${head.entry_head}, ${at}, ${at})`
}

export function updateResource(tx: Tx, before: Chained, row: ResourceFields, head: Head, at: string): void {
  tx.write('head')`
    update resources set body = ${JSON.stringify(row.body)}, retired = ${row.retired}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}, updated_at = ${at}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}
