/** The folder of one record: what proves it, and the two pages that people read. */
import { createHash } from 'node:crypto'
import { leafOf, toCanonical } from '#domain/entry.ts'
import { sha256 } from '#domain/statement.ts'
import { parseBody } from '#domain/stored-entry.ts'
import { recordedFields } from '#domain/work-order.ts'
import { isId } from '#platform/id.ts'
import type { Tx } from '#platform/tx.ts'
import { readChunk } from '../attachment/operations.ts'
import { loadWorkOrder } from '../work-order/store.ts'
import type { WorkOrderRow } from '../work-order/store.ts'
import type { PackedFile, ReadEntry, RecordFacts } from './facts.ts'
import { toHtml } from './html.ts'
import { addFile, meet, proveChain, toJson, toLines } from './pack.ts'
import type { Pack } from './pack.ts'
import { toRecordDocument } from './record-document.ts'
import { listChain, listDelegations, listFiles, listSignatures } from './store.ts'
import type { AttachmentRow, EntryRow, SignatureRow } from './store.ts'

export async function writeRecord(pack: Pack, id: string): Promise<void> {
  const { tx } = pack
  const workOrder = await loadWorkOrder(tx, id)
  if (workOrder === undefined) throw new Error(`work order ${id} is not there`)
  const chain = await listChain(tx, id)
  const signatures = await listSignatures(tx, id)
  const attachments = (await listFiles(tx, id)).map(toPackedFile)
  const folder = `records/${workOrder.number}`
  const leaves = await proveChain(pack, chain)
  const places = new Map(leaves.map(({ seq, leaf_index }) => [seq, leaf_index]))
  const entries = chain.map((row) => toReadEntry(row, places.get(row.seq)))
  await meetAll(pack, workOrder, entries, signatures, attachments)

  const record = Buffer.from(toCanonical(toRecord(workOrder)), 'utf8')
  await addFile(pack, `${folder}/record.json`, record)
  await addFile(pack, `${folder}/entries.ndjson`, toEntryLines(chain))
  await addFile(pack, `${folder}/signatures.ndjson`, toLines(signatures.map(toSignature)))
  await addFile(pack, `${folder}/proofs.json`, toJson({ tree_size: pack.log.size, leaves }))
  await addFile(
    pack,
    `${folder}/attachments.json`,
    toJson(attachments.map((file) => toAttachment(folder, file))),
  )
  for (const { id: fileId, path } of attachments) {
    pack.files.push(await pack.zip.addStream(`${folder}/${path}`, readContent(tx, fileId)))
  }
  const document = toRecordDocument(toFacts(pack, workOrder, record, { entries, signatures, attachments }))
  await addFile(pack, `${folder}/record.html`, toHtml(document))
  await addFile(pack, `${folder}/record.pdf`, await pack.printer.print(document))
  pack.rows.push([
    { text: workOrder.number, href: `${folder}/record.html` },
    workOrder.title,
    `${workOrder.status.replaceAll('_', ' ')}\nversion ${workOrder.version}`,
    workOrder.regulatory ? 'regulatory' : 'other',
    String(signatures.length),
    String(entries.length),
  ])
}

/** The bytes of each entry as they were hashed; they hold no line break, as no JSON does. */
export const toEntryLines = (chain: readonly EntryRow[]): Buffer =>
  Buffer.concat(chain.flatMap(({ body }) => [body, Buffer.from('\n')]))

/** The row as it stands: every recorded field, and what the row has beside them. */
const toRecord = (workOrder: WorkOrderRow): object => ({
  ...Object.fromEntries(recordedFields.map((field) => [field, workOrder[field]])),
  id: workOrder.id,
  version: workOrder.version,
  created_at: workOrder.created_at,
  category: workOrder.category,
})

function toReadEntry({ id, body }: EntryRow, leafIndex: number | undefined): ReadEntry {
  const parsed = parseBody(body.toString('utf8'))
  if (parsed === undefined) throw new Error(`entry ${id} is damaged: run "docket verify"`)
  return { id, body: parsed, bytes: body, leaf: leafOf(body).toString('hex'), leafIndex }
}

const toSignature = (row: SignatureRow): object => ({
  id: row.id,
  gate: row.gate,
  role: row.role,
  round: row.round,
  wo_version: row.wo_version,
  signer_id: row.signer_id,
  on_behalf_of: row.on_behalf_of,
  delegation_id: row.delegation_id,
  key_id: row.key_id,
  kind: row.kind,
  signed_at: row.signed_at,
  statement: row.statement.toString('utf8'),
  record: row.record.toString('utf8'),
  signature: row.signature.toString('base64'),
  authenticator_data: row.authenticator_data?.toString('base64') ?? null,
  client_data_json: row.client_data_json?.toString('utf8') ?? null,
  certificate_sha256: sha256(row.certificate).toString('hex'),
})

/** A name from a stranger as part of a path on any system: letters, digits, and what cannot be a trick. */
function toSafeName(name: string): string {
  const safe = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_')
    .replace(/\.{2,}/g, '.')
  const [, stem = safe, ending = ''] = /^(.*?)(\.[A-Za-z0-9]{1,10})?$/u.exec(safe) ?? []
  const short = Array.from(stem).slice(0, 60).join('')
  return `${short.replace(/[.]+$/, '') || 'file'}${ending}`
}

const toPackedFile = (file: AttachmentRow): PackedFile => ({
  ...file,
  path: `attachments/${file.id}-${toSafeName(file.name)}`,
})

const toAttachment = (
  folder: string,
  { id, name, media_type, size_bytes, sha256: sum, path }: PackedFile,
): object => ({
  id,
  name,
  media_type,
  size_bytes,
  sha256: sum,
  path: `${folder}/${path}`,
})

async function* readContent(tx: Tx, attachmentId: string): AsyncGenerator<Buffer> {
  for (let position = 0; ; position += 1) {
    const chunk = await readChunk(tx, attachmentId, position)
    if (chunk === undefined) return
    yield chunk
  }
}

const idsIn = (value: unknown): string[] =>
  typeof value === 'string' && isId(value) ? [value] : Array.isArray(value) ? value.flatMap(idsIn) : []

const peopleFields = ['requester_id', 'assignee_id', 'executor_ids', 'editor_id']

/** Everybody whom the pages name, and all that the directory needs. */
async function meetAll(
  pack: Pack,
  workOrder: WorkOrderRow,
  entries: readonly ReadEntry[],
  signatures: readonly SignatureRow[],
  attachments: readonly PackedFile[],
): Promise<void> {
  const changed = (fields: readonly string[]): string[] =>
    entries.flatMap(({ body }) =>
      body.changes
        .filter(({ field }) => fields.includes(field))
        .flatMap(({ old, new: next }) => [...idsIn(old), ...idsIn(next)]),
    )
  const actors = entries.flatMap(({ body: { actor } }) => [actor.id, ...idsIn(actor.sponsor)])
  const signing = signatures.flatMap(({ signer_id, on_behalf_of }) => [signer_id, ...idsIn(on_behalf_of)])
  for (const id of signing) pack.signers.add(id)
  const fresh = signatures.flatMap(({ delegation_id: id }) =>
    id === null || pack.delegations.has(id) ? [] : [id],
  )
  for (const row of fresh.length === 0 ? [] : await listDelegations(pack.tx, fresh))
    pack.delegations.set(row.id, row)
  const { requester_id, assignee_id, executor_ids, editor_id, asset_id } = workOrder
  const standing = [requester_id, assignee_id, editor_id, ...executor_ids].flatMap(idsIn)
  const uploaders = attachments.map(({ uploaded_by }) => uploaded_by)
  await meet(
    pack,
    [...standing, ...actors, ...signing, ...uploaders, ...changed(peopleFields)],
    [...idsIn(asset_id), ...changed(['asset_id'])],
  )
}

function toFacts(
  pack: Pack,
  workOrder: WorkOrderRow,
  record: Buffer,
  read: Pick<RecordFacts, 'entries' | 'signatures' | 'attachments'>,
): RecordFacts {
  const { names, tags } = pack
  return {
    ...read,
    tenantName: pack.tenant.name,
    workOrder,
    recordHash: createHash('sha256').update(record).digest('hex'),
    delegations: pack.delegations,
    log: pack.log,
    madeAt: pack.madeAt,
    nameOf(id) {
      const known = names.get(id)
      if (known === undefined) return id
      return known.kind === 'human' ? known.name : `${known.name} (${known.kind})`
    },
    tagOf: (id) => tags.get(id) ?? id,
  }
}
