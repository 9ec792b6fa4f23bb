/** Files: every `attached` entry has its row and its bytes, and no row is there without the entry. */
import type { PoolClient } from 'pg'
import type { Flaw } from '#domain/chain.ts'
import type { StoredEntry } from '#domain/stored-entry.ts'
import { hashContents, listAttachments } from './store.ts'
import type { AttachmentRow, Content, Range } from './store.ts'

/** What an entry says was attached. */
export type Claim = {
  readonly record: string
  readonly seq: number
  readonly actor: string
  readonly detail: { readonly [name: string]: unknown }
}

export function toClaim({ record, seq, actor, body }: StoredEntry): Claim[] {
  return body?.detail == null ? [] : [{ record, seq, actor, detail: body.detail }]
}

type FileFlaw = Flaw & { readonly id: string }

export async function checkAttachments(
  client: PoolClient,
  range: Range,
  claims: readonly Claim[],
): Promise<FileFlaw[]> {
  const rows = await listAttachments(client, range)
  const contents = rows.length === 0 ? new Map<string, Content>() : await hashContents(client, range)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const flaws: FileFlaw[] = []
  for (const claim of claims) {
    const id = String(claim.detail['attachment_id'])
    const row = byId.get(id)
    byId.delete(id)
    const flaw = findFlaw(claim, row, contents.get(id))
    if (flaw !== undefined)
      flaws.push({
        id: claim.record,
        seq: claim.seq,
        field: flaw.field,
        what: `attachment ${id}: ${flaw.what}`,
      })
  }
  for (const row of byId.values()) {
    const what = `attachment ${row.id} (${row.name}) is there without an entry that says so`
    flaws.push({ id: row.work_order_id, seq: null, field: 'attachments', what })
  }
  return flaws
}

const compared = ['sha256', 'size_bytes', 'name', 'media_type'] as const

function findFlaw(
  { record, actor, detail }: Claim,
  row: AttachmentRow | undefined,
  content: Content | undefined,
): { readonly field: string; readonly what: string } | undefined {
  if (row === undefined) return { field: 'attachments', what: 'its row is missing' }
  if (row.work_order_id !== record)
    return { field: 'work_order_id', what: `its row belongs to work order ${row.work_order_id}` }
  if (row.uploaded_by !== actor)
    return { field: 'uploaded_by', what: `its row says uploaded_by ${row.uploaded_by}, the entry ${actor}` }
  const field = compared.find((name) => row[name] !== detail[name])
  if (field !== undefined)
    return { field, what: `its row says ${field} ${row[field]}, the entry ${String(detail[field])}` }
  const bytes = content?.bytes ?? 0
  if (content?.gap === true) return { field: 'bytes', what: 'a chunk of its bytes is missing' }
  if (bytes !== row.size_bytes)
    return { field: 'bytes', what: `${bytes} bytes are stored instead of ${row.size_bytes}` }
  return content === undefined || content.sha256 === row.sha256
    ? undefined
    : { field: 'bytes', what: `the stored bytes hash to ${content.sha256} instead of ${row.sha256}` }
}
