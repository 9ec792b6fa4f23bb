/** How signatures are shown: the printed name, the time with its zone, the meaning and the version (21 CFR 11.50). */
import { parseStatement, sha256, toStatementText, toZonedText } from '#domain/statement.ts'
import type { SignatureView } from './schema.ts'
import type { RoundRow, SignatureRow } from './store.ts'

type Moment = { readonly version: number; readonly signatures: readonly Pick<SignatureRow, 'wo_version'>[] }

/** A later change voids nothing and hides nothing: it says what the signature was for, and what came after. */
export function toStanding(
  signature: Pick<SignatureRow, 'wo_version'>,
  round: Pick<RoundRow, 'status'>,
  { version, signatures }: Moment,
): string {
  const own = signature.wo_version
  const valid = `valid for version ${own}`
  if (round.status === 'returned') return `${valid}; the work was turned back after it`
  if (round.status === 'withdrawn') return `${valid}; the gate was withdrawn after it`
  const counts =
    round.status === 'passed' ? Math.max(...signatures.map(({ wo_version }) => wo_version)) : version
  return own < counts ? `${valid}, superseded by ${counts}` : valid
}

export function toSignatureView(row: SignatureRow, round: RoundRow, moment: Moment): SignatureView {
  const statement = parseStatement(row.statement)
  return {
    id: row.id,
    gate: round.gate,
    round: round.number,
    role: row.role,
    meaning: statement.meaning,
    signer: statement.signer.name,
    signer_id: row.signer_id,
    on_behalf_of: statement.authority.kind === 'delegation' ? statement.authority.delegator.name : null,
    delegation_id: row.delegation_id,
    version: row.wo_version,
    standing: toStanding(row, round, moment),
    signed_at: row.signed_at,
    signed_at_local: toZonedText(row.signed_at, statement.time_zone),
    key_id: row.key_id,
    key_kind: row.kind,
    certificate_sha256: sha256(row.certificate).toString('hex'),
    statement_hash: sha256(row.statement).toString('hex'),
    text: toStatementText(statement),
  }
}
