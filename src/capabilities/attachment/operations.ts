/**
 * Files on a work order. The door streams the file to disk, hashing it; the operation puts it and the entry
 * with its hash into one transaction. Reading streams chunk by chunk.
 */
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { finalCategories } from '#domain/lifecycle.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findWorkOrder, lockForChange } from '../work-order/find.ts'
import { line, workOrderRef } from '../work-order/schema.ts'
import { updateHead } from '../work-order/store.ts'
import { insertAttachment, insertChunk, listAttachments, loadAttachment, loadChunk } from './store.ts'

const chunkBytes = 256 * 1024

const attachmentView = z.object({
  id: z.uuid(),
  name: z.string(),
  media_type: z.string(),
  size_bytes: z.int(),
  sha256: z.string(),
  uploaded_by: z.string(),
  uploaded_at: z.string(),
})

/** A file that a door has received and hashed; the door deletes it afterwards. */
const stagedFile = z.strictObject({
  path: z.string(),
  name: line(255),
  media_type: line(255),
  size_bytes: z.int().min(0),
  sha256: z.string().length(64),
})
export type StagedFile = z.output<typeof stagedFile>

export const add = operation({
  name: 'attachment.add',
  summary: 'Attach a file to a work order',
  http: ['POST', '/v1/work-orders/:id/attachments'],
  status: 201,
  permission: everyone,
  mutates: true,
  upload: true,
  mcp: false,
  example: 'WO-2026-000001 --file report.pdf',
  input: z.strictObject({ id: workOrderRef, file: stagedFile }),
  output: attachmentView,
  async run(tx, actor, { id, file }) {
    const found = await lockForChange(tx, actor, id)
    if (!found.ok) return found
    const workOrder = found.value
    if (finalCategories.includes(workOrder.category))
      return refuse({ code: 'record_final', current: workOrder.status })
    const at = workOrder.locked_at
    const { path, sha256, ...about } = file
    const row = {
      ...about,
      id: tx.newId(),
      work_order_id: workOrder.id,
      sha256: Buffer.from(sha256, 'hex'),
      uploaded_by: actor.id,
    }
    const detail = { attachment_id: row.id, sha256, ...about }
    const head = tx.record({
      kind: 'work_order',
      record: workOrder,
      action: 'attached',
      changes: [],
      detail,
      newVersion: false,
      at,
    })
    updateHead(tx, workOrder, head)
    await insertAttachment(tx, row)
    await storeChunks(tx, row.id, path)
    return accept({ ...about, id: row.id, sha256, uploaded_by: actor.name, uploaded_at: at })
  },
})

async function storeChunks(tx: Tx, attachmentId: string, path: string): Promise<void> {
  const file = await open(path)
  try {
    for (let position = 0; ; position += 1) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes)
      if (bytesRead === 0) return
      await insertChunk(tx, attachmentId, position, buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}

export const list = operation({
  name: 'attachment.list',
  summary: 'List the files of a work order',
  http: ['GET', '/v1/work-orders/:id/attachments'],
  permission: everyone,
  mutates: false,
  example: 'WO-2026-000001',
  input: z.strictObject({ id: workOrderRef }),
  output: z.object({ data: z.array(attachmentView), next_cursor: z.null() }),
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    return accept({ data: await listAttachments(tx, workOrder.id), next_cursor: null })
  },
})

export const get = operation({
  name: 'attachment.get',
  summary: 'Download a file of a work order',
  http: ['GET', '/v1/work-orders/:id/attachments/:attachment_id'],
  permission: everyone,
  mutates: false,
  download: true,
  mcp: false,
  example: 'WO-2026-000001 0190b7a2-0000-7000-8000-000000000000',
  input: z.strictObject({ id: workOrderRef, attachment_id: z.uuid() }),
  output: attachmentView,
  async run(tx, actor, input) {
    const found = await findWorkOrder(tx, actor, input.id)
    if (!found.ok) return found
    const workOrder = found.value
    const row = await loadAttachment(tx, workOrder.id, input.attachment_id)
    return row === undefined ? refuse({ code: 'not_found', what: 'attachment' }) : accept(row)
  },
})

/** One chunk of a file that `attachment.get` has shown to the caller; undefined after the last. */
export const readChunk = (tx: Tx, attachmentId: string, position: number): Promise<Buffer | undefined> =>
  loadChunk(tx, attachmentId, position)
