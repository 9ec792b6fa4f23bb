/** SQL of the trail: what stands in the database, as lines of JSON. Nothing is checked here, and nothing left out. */
import type { PoolClient } from 'pg'
import { recordKinds } from '#domain/entry.ts'
import { copyOut } from '#platform/copy-out.ts'
import { rolesOf } from './row-store.ts'
import { tables } from './store.ts'

const base64 = (column: string): string => `translate(encode(${column}, 'base64'), E'\\n', '')`

/** One statement for each kind of line, in this order; each gives its lines as `type` and JSON. */
const selects: readonly string[] = [
  `select json_build_object('type', 'authority', 'id', id, 'certificate', ${base64('certificate')}) from certificate_authorities order by id`,
  `select json_build_object('type', 'key', 'id', id, 'principal_id', principal_id, 'kind', kind, 'spki', ${base64('spki')},
     'certificate', ${base64('certificate')}, 'confirmed_at', proofed_at, 'revoked_at', revoked_at) from signing_keys order by id`,
  ...recordKinds.map(
    (kind) =>
      `select json_build_object('type', 'row', 'kind', '${kind}', 'id', r.id, 'version', r.version, 'entry_seq', r.entry_seq,
         'entry_id', r.entry_id, 'entry_head', encode(r.entry_head, 'hex'),
         'fields', to_jsonb(r)${kind === 'principal' ? ` || jsonb_build_object('roles', ${rolesOf})` : ''}) from ${tables[kind]} r order by r.id`,
  ),
  `select json_build_object('type', 'number', 'number', number, 'work_order', work_order_id) from work_order_numbers order by number`,
  `select json_build_object('type', 'entry', 'id', id, 'kind', record_kind, 'record', record_id, 'seq', seq, 'action', action,
     'actor', actor_id, 'at', at, 'xid', xid::text, 'leaf', encode(leaf, 'hex'), 'body', ${base64('body')})
     from entries order by record_id, seq, id`,
  `select json_build_object('type', 'signature', 'id', s.id, 'work_order', s.work_order_id, 'gate', s.gate, 'round', r.number,
     'policy_version', r.policy_version, 'role', s.role, 'meaning', s.meaning, 'version', s.wo_version, 'signer_id', s.signer_id,
     'on_behalf_of', s.on_behalf_of, 'delegation_id', s.delegation_id, 'key_id', s.key_id, 'kind', s.kind, 'intent', s.intent_id,
     'signed_at', s.signed_at, 'statement', ${base64('s.statement')}, 'record', ${base64('s.record')},
     'signature', ${base64('s.signature')}, 'authenticator_data', ${base64('s.authenticator_data')},
     'client_data_json', ${base64('s.client_data_json')}, 'certificate', ${base64('s.certificate')})
     from signatures s left join approval_rounds r on r.tenant_id = s.tenant_id and r.id = s.round_id order by s.id`,
  `select json_build_object('type', 'log_key', 'vkey', vkey) from log_keys order by created_at`,
  `select json_build_object('type', 'leaf', 'index', leaf_index, 'entry', entry_id, 'record', record_id, 'leaf', encode(leaf, 'hex'))
     from log_leaves order by leaf_index`,
  `select json_build_object('type', 'tile', 'level', level, 'index', tile_index, 'hashes', ${base64('hashes')}) from log_tiles order by level, tile_index`,
  `select json_build_object('type', 'checkpoint', 'size', tree_size, 'root', encode(root, 'hex'), 'note', note) from checkpoints order by tree_size`,
]

/** Gives the lines in their order; resolves with how many they were. */
export async function copyTrail(client: PoolClient, onLine: (line: string) => void): Promise<number> {
  let lines = 0
  for (const select of selects)
    lines += await copyOut(client, select, ({ bytes, starts, ends }) =>
      onLine(`${bytes.toString('utf8', starts[0], ends[0])}\n`),
    )
  return lines
}

/** The slug of the tenant that is set, and the time of the snapshot. */
export async function findMoment(client: PoolClient): Promise<{ slug: string | null; now: string }> {
  const { rows } = await client.query<{ slug: string | null; now: string }>(
    `select (select slug from tenants) as slug, to_json(now()) #>> '{}' as now`,
  )
  return rows[0] ?? { slug: null, now: '' }
}
