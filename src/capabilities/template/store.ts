/** SQL of templates. */
import type { TemplateFields } from '#domain/template.ts'
import type { Chained, Head, Tx } from '#platform/tx.ts'

export type TemplateRow = TemplateFields & {
  readonly id: string
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}
export type LockedTemplate = TemplateRow & Chained & { readonly locked_at: string }

export const loadTemplate = (tx: Tx, name: string): Promise<TemplateRow | undefined> =>
  tx.maybe<TemplateRow>`
    select id, name, body, retired, version, created_at, updated_at from templates where name = ${name}`

export async function lockTemplate(tx: Tx, name: string): Promise<LockedTemplate | undefined> {
  const found = await loadTemplate(tx, name)
  if (found === undefined) return undefined
  tx.lock(found.id)
  const row = await tx.maybe<Omit<LockedTemplate, 'locked_at'>>`
    select id, name, body, retired, version, created_at, updated_at, entry_seq, entry_head
      from templates where id = ${found.id} for update`
  return row === undefined ? undefined : { ...row, locked_at: tx.now(row.updated_at) }
}

/** By name, after `after`. */
export const listTemplates = (
  tx: Tx,
  after: string,
  withRetired: boolean,
  limit: number,
): Promise<TemplateRow[]> =>
  tx.rows<TemplateRow>`
    select id, name, body, retired, version, created_at, updated_at from templates
     where name > ${after} and (${withRetired} or not retired) order by name limit ${limit}`

export function insertTemplate(tx: Tx, id: string, row: TemplateFields, head: Head, at: string): void {
  tx.write(1)`
    insert into templates (id, name, body, retired, version, entry_seq, entry_id, entry_head, created_at, updated_at)
    values (${id}, ${row.name}, ${JSON.stringify(row.body)}, ${row.retired}, ${head.version}, ${head.entry_seq}, ${head.entry_id},
            ${head.entry_head}, ${at}, ${at})`
}

export function updateTemplate(tx: Tx, before: Chained, row: TemplateFields, head: Head, at: string): void {
  tx.write('head')`
    update templates set body = ${JSON.stringify(row.body)}, retired = ${row.retired}, version = ${head.version},
           entry_seq = ${head.entry_seq}, entry_id = ${head.entry_id}, entry_head = ${head.entry_head}, updated_at = ${at}
     where id = ${before.id} and entry_seq = ${before.entry_seq}`
}
