/** SQL of attachments: what they are, and their bytes in chunks. */
import type { Tx } from '#platform/tx.ts'

export type AttachmentRow = {
  readonly id: string
  readonly name: string
  readonly media_type: string
  readonly size_bytes: number
  readonly sha256: string
  readonly uploaded_by: string
  readonly uploaded_at: string
}
export type NewAttachment = Omit<AttachmentRow, 'uploaded_at' | 'sha256'> & {
  readonly work_order_id: string
  readonly sha256: Buffer
}

/** These two are sent at once, not queued with the commit: a large file must not wait in memory. */
export const insertAttachment = (tx: Tx, row: NewAttachment): Promise<unknown[]> =>
  tx.rows`
    insert into attachments (id, work_order_id, name, media_type, size_bytes, sha256, uploaded_by)
    values (${row.id}, ${row.work_order_id}, ${row.name}, ${row.media_type}, ${row.size_bytes}, ${row.sha256}, ${row.uploaded_by})`

export const insertChunk = (
  tx: Tx,
  attachmentId: string,
  position: number,
  bytes: Buffer,
): Promise<unknown[]> =>
  tx.rows`insert into attachment_chunks (attachment_id, position, bytes) values (${attachmentId}, ${position}, ${bytes})`

export const listAttachments = (tx: Tx, workOrderId: string): Promise<AttachmentRow[]> =>
  tx.rows<AttachmentRow>`
    select f.id, f.name, f.media_type, f.size_bytes, encode(f.sha256, 'hex') as sha256, p.name as uploaded_by, f.uploaded_at
      from attachments f join principals p on p.tenant_id = f.tenant_id and p.id = f.uploaded_by
     where f.work_order_id = ${workOrderId} order by f.id limit 1000`

export const loadAttachment = (tx: Tx, workOrderId: string, id: string): Promise<AttachmentRow | undefined> =>
  tx.maybe<AttachmentRow>`
    select f.id, f.name, f.media_type, f.size_bytes, encode(f.sha256, 'hex') as sha256, p.name as uploaded_by, f.uploaded_at
      from attachments f join principals p on p.tenant_id = f.tenant_id and p.id = f.uploaded_by
     where f.work_order_id = ${workOrderId} and f.id = ${id}`

export async function loadChunk(tx: Tx, attachmentId: string, position: number): Promise<Buffer | undefined> {
  const row = await tx.maybe<{ bytes: Buffer }>`
    select bytes from attachment_chunks where attachment_id = ${attachmentId} and position = ${position}`
  return row?.bytes
}
