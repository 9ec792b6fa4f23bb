/** A signature as a block of the page: who, in which role, what it means, when and where, and for which version. */
import { X509Certificate } from 'node:crypto'
import { parseStatement, sha256, toRoleText } from '#domain/statement.ts'
import type { Statement } from '#domain/statement.ts'
import { toStanding } from '../approval/view.ts'
import { mono } from './document.ts'
import type { Block, Field } from './document.ts'
import type { RecordFacts } from './facts.ts'
import type { SignatureRow } from './store.ts'
import { toSignedText, toUtcText } from './time.ts'

const meanings = {
  release: 'approved for release: the work may be carried out',
  completion: 'approved as complete: the record may be closed',
  waiver: 'waived: its master, and what waits for it, go on without it',
} as const

export function toSeal(facts: RecordFacts, row: SignatureRow): Block {
  const statement = parseStatement(row.statement)
  const { signer, authority } = statement
  const principal = authority.kind === 'delegation' ? ` for ${authority.delegator.name}` : ''
  const validity = toValidity(facts, row)
  // When it was executed; the statement was made when it was shown, a moment before.
  const signedAt = toSignedText(row.signed_at, statement.time_zone)
  return {
    kind: 'seal',
    heading: `Signed by ${signer.name}${principal}`,
    line: `${toRoleText(statement.role)} — ${meanings[statement.gate]} — ${signedAt}`,
    stands: validity.stands,
    fields: [
      ['Printed name', signer.name],
      ['Role', toRoleText(statement.role)],
      ['Meaning', `${statement.meaning} (${statement.gate} gate, round ${statement.round})`],
      ...(statement.reason === undefined ? [] : [['Reason', statement.reason] satisfies Field]),
      ['Date and time', signedAt],
      ['Version', validity.text],
      ...toAuthority(facts, statement),
      ...toKey(row, statement),
      [
        'Statement',
        mono(`SHA-256 ${sha256(row.statement).toString('hex')}\nshown ${toUtcText(statement.at)}`),
      ],
      ['Signed record', mono(`SHA-256 ${statement.record_hash}`)],
      ['Signed history', mono(`up to entry ${statement.audit_seq}, its hash ${statement.audit_head}`)],
    ],
  }
}

/** A later change takes nothing back: the signature stays valid for the version that it was given for. */
function toValidity(
  { workOrder, signatures, entries }: RecordFacts,
  row: SignatureRow,
): { readonly text: string; readonly stands: boolean } {
  const ofRound = signatures.filter(({ gate, round }) => gate === row.gate && round === row.round)
  const moment = { version: workOrder.version, signatures: ofRound }
  const standing = toStanding(row, { status: row.round_status }, moment)
  if (standing === `valid for version ${row.wo_version}`) return { text: standing, stands: true }
  const next = entries.find(({ body }) => body.version > row.wo_version)?.body
  const how =
    next === undefined
      ? ''
      : ` (version ${next.version} came with entry ${next.seq}, ${next.action.replaceAll('_', ' ')}, ${toUtcText(next.at)})`
  return { text: `${standing}${how}`, stands: false }
}

function toAuthority({ delegations }: RecordFacts, { authority }: Statement): Field[] {
  if (authority.kind === 'direct') return [['Authority', 'in person']]
  const delegation = delegations.get(authority.delegation_id)
  const scope =
    delegation === undefined
      ? ''
      : `, from ${toUtcText(delegation.starts_at)} to ${toUtcText(delegation.ends_at)}: ${delegation.reason}`
  return [
    ['Authority', `for ${authority.delegator.name}, under delegation ${authority.delegation_id}${scope}`],
  ]
}

function toKey({ certificate }: SignatureRow, { key }: Statement): Field[] {
  const read = new X509Certificate(certificate)
  return [
    ['Key', `${key.kind} ${key.id}`],
    [
      'Certificate',
      mono(`serial ${read.serialNumber.toLowerCase()}\nSHA-256 ${sha256(certificate).toString('hex')}`),
    ],
  ]
}
