/** SQL of the verifier for signatures: each with its round, its key, its delegation and the entry that it rests on. */
import type { PoolClient } from 'pg'
import type { SignatureContext, StoredSignature } from '#domain/signature-check.ts'
import { within } from './store.ts'
import type { Range } from './store.ts'

export type SignatureRow = StoredSignature & {
  readonly number: string
  readonly key: SignatureContext['key'] | null
  readonly delegation: SignatureContext['delegation'] | null
  /** Leaf of the entry that the statement names as the head of the trail, hex. */
  readonly leaf: string | null
}

type Joined = StoredSignature & {
  number: string
  principal_id: string | null
  key_kind: string
  spki: Buffer
  key_certificate: Buffer | null
  proofed_at: string | null
  key_revoked_at: string | null
  delegator_id: string | null
  delegate_id: string
  roles: string[]
  starts_at: string
  ends_at: string
  delegation_revoked_at: string | null
}

export async function listSignatures(client: PoolClient, range: Range): Promise<SignatureRow[]> {
  const { rows } = await client.query<Joined>(
    `select s.id, s.work_order_id, s.gate, r.number as round, r.policy_version, s.role, s.meaning, s.wo_version, s.signer_id,
            s.on_behalf_of, s.delegation_id, s.key_id, s.kind, s.statement, s.record, s.signature, s.authenticator_data,
            s.client_data_json, s.certificate, s.intent_id, s.signed_at, w.number,
            k.principal_id, k.kind as key_kind, k.spki, k.certificate as key_certificate, k.proofed_at, k.revoked_at as key_revoked_at,
            d.delegator_id, d.delegate_id, d.roles, d.starts_at, d.ends_at, d.revoked_at as delegation_revoked_at
       from signatures s
       left join work_orders w on w.tenant_id = s.tenant_id and w.id = s.work_order_id
       left join approval_rounds r on r.tenant_id = s.tenant_id and r.id = s.round_id
       left join signing_keys k on k.tenant_id = s.tenant_id and k.id = s.key_id
       left join delegations d on d.tenant_id = s.tenant_id and d.id = s.delegation_id
      where ${within('s.work_order_id', range)} order by s.work_order_id, s.id`,
  )
  const leaves = await listLeaves(client, rows)
  return rows.map((row, i) => ({
    ...row,
    leaf: leaves[i] ?? null,
    key:
      row.principal_id === null
        ? null
        : {
            principal_id: row.principal_id,
            kind: row.key_kind,
            spki: row.spki,
            certificate: row.key_certificate,
            proofed_at: row.proofed_at,
            revoked_at: row.key_revoked_at,
          },
    delegation:
      row.delegator_id === null
        ? null
        : {
            delegator_id: row.delegator_id,
            delegate_id: row.delegate_id,
            roles: row.roles,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            revoked_at: row.delegation_revoked_at,
          },
  }))
}

/** The entries that the statements name; what is no statement any more names none. */
async function listLeaves(
  client: PoolClient,
  rows: readonly Pick<StoredSignature, 'work_order_id' | 'statement'>[],
): Promise<(string | null)[]> {
  const seqs = rows.map(({ statement }) =>
    Number(/"audit_seq":(\d{1,9})[,}]/.exec(statement.toString('latin1'))?.[1] ?? 0),
  )
  const { rows: found } = await client.query<{ leaf: string | null }>(
    `select encode(e.leaf, 'hex') as leaf
       from unnest($1::uuid[], $2::integer[]) with ordinality as s (record_id, seq, place)
       left join lateral (select leaf from entries where record_id = s.record_id and seq = s.seq limit 1) e on true
      order by s.place`,
    [rows.map((row) => row.work_order_id), seqs],
  )
  return found.map(({ leaf }) => leaf)
}

export async function listAuthorities(client: PoolClient): Promise<Buffer[]> {
  const { rows } = await client.query<{ certificate: Buffer }>(
    'select certificate from certificate_authorities order by id',
  )
  return rows.map((row) => row.certificate)
}
