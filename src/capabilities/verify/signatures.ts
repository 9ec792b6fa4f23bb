/** Signatures: every `approval_signed` entry has its signature, every signature its entry, and each still verifies. */
import type { PoolClient } from 'pg'
import type { Flaw } from '#domain/chain.ts'
import { findSignatureFlaws } from '#domain/signature-check.ts'
import { sha256 } from '#domain/statement.ts'
import type { Claim } from './attachments.ts'
import { listAuthorities, listSignatures } from './signature-store.ts'
import type { SignatureRow } from './signature-store.ts'
import type { Range } from './store.ts'

type SignatureFlaw = Flaw & { readonly id: string }

export async function checkSignatures(
  client: PoolClient,
  tenantId: string,
  range: Range,
  claims: readonly Claim[],
): Promise<SignatureFlaw[]> {
  const rows = await listSignatures(client, range)
  const authorities = rows.length === 0 ? [] : await listAuthorities(client)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const flaws: SignatureFlaw[] = []
  for (const claim of claims) {
    const id = String(claim.detail['signature_id'])
    const row = byId.get(id)
    byId.delete(id)
    for (const { field, what } of findFlaws(claim, row, tenantId, authorities))
      flaws.push({ id: claim.record, seq: claim.seq, field, what: `signature ${id}: ${what}` })
  }
  for (const row of byId.values()) {
    const what = `signature ${row.id} is there without an entry that says so`
    flaws.push({ id: row.work_order_id, seq: null, field: 'signatures', what })
  }
  return flaws
}

function findFlaws(
  { record, actor, detail }: Claim,
  row: SignatureRow | undefined,
  tenantId: string,
  authorities: readonly Buffer[],
): readonly { readonly field: string; readonly what: string }[] {
  if (row === undefined) return [{ field: 'signatures', what: 'it is missing' }]
  const said = { record, actor, hash: detail['statement_hash'], role: detail['role'], gate: detail['gate'] }
  const stands = {
    record: row.work_order_id,
    actor: row.signer_id,
    hash: sha256(row.statement).toString('hex'),
    role: row.role,
    gate: row.gate,
  }
  if (JSON.stringify(said) !== JSON.stringify(stands))
    return [{ field: 'signatures', what: 'it is not the one that its entry names' }]
  const { key, delegation, leaf, number } = row
  return findSignatureFlaws(row, {
    tenantId,
    number,
    key: key ?? undefined,
    authorities,
    delegation: delegation ?? undefined,
    leafAt: () => leaf ?? undefined,
    // What was the address of the service when it was signed is not known here; the key is bound to it.
    relyingParty: undefined,
  })
}
