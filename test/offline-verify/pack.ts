/**
 * A made-up inspection pack: a regulatory work order from draft to closed with four signatures (a passkey, two
 * of a passphrase key, one by a delegate), its files, proofs and manifest. It is written from the format alone.
 */
import { zipSync } from 'fflate'
import { site } from './keys.ts'
import { growTree, makeNote, sha256 } from './log.ts'
import { makeWorld, toCanonical } from './world.ts'
import type { Loose, Person, Twist, World } from './world.ts'

export const number = 'WO-2026-000007'
export const folder = `records/${number}`
const blank: Record<string, unknown> = Object.fromEntries(
  (
    'number lifecycle status title description priority regulatory origin requester_id assignee_id asset_id due_date ' +
    'estimated_hours actual_hours project work_category acceptance_criteria deliverables notes completion_summary ' +
    'review_notes parent_id planned_start planned_end actual_start actual_end job_plan requirements hold ' +
    'blocker revision revision_of acknowledged_at editor_id import_source predecessors completion_policy on_failure waiver step_results'
  )
    .split(' ')
    .map((field) => [field, null]),
)
const empty = { tags: [], related_wo_ids: [], attributes: {}, executor_ids: [] }

export type Made = {
  readonly world: World
  readonly files: Map<string, Buffer>
  readonly rows: Loose[]
  /** A checkpoint that somebody kept from before the work order was signed. */
  readonly older: string
}
type Case = {
  readonly world: World
  readonly id: string
  readonly rows: Loose[]
  readonly attachment: { readonly id: string; readonly bytes: Buffer }
}

export async function makePack(twist: Twist = {}): Promise<Made> {
  const world = await makeWorld(twist)
  const made: Case = {
    world,
    id: world.newId(),
    rows: [],
    attachment: { id: world.newId(), bytes: Buffer.from('the protocol\n'.repeat(40)) },
  }
  runWork(made)
  twist.before?.('end', world)
  const files = writeFiles(made)
  const leaves = world.log.map(({ body }) => sha256(Buffer.of(0), body))
  const older = makeNote(world.logKey.name, 20, growTree(leaves).root(20), [world.logKey])
  return { world, files, rows: made.rows, older }
}

/** From draft to closed. */
function runWork(made: Case): void {
  const { world, id } = made
  const { planner, worker, owner, quality, delegate } = world.people
  const add = (action: string, by: Person, changes?: Record<string, unknown>, detail?: Loose): void => {
    world.twist.before?.(action, world)
    world.add('work_order', id, {
      action,
      by,
      ...(changes === undefined ? {} : { changes, newVersion: action !== 'commented' }),
      detail,
    })
  }
  add('created', planner, {
    number,
    lifecycle: 'change-control',
    status: 'draft',
    title: 'Replace the pump of 泵 7',
    description: 'It leaks.',
    priority: 'high',
    regulatory: true,
    origin: 'manual',
    requester_id: planner.id,
    assignee_id: worker.id,
    tags: ['pump'],
    revision: 1,
  })
  const { bytes } = made.attachment
  const about = { name: 'protocol.txt', media_type: 'text/plain', size_bytes: bytes.length }
  add('attached', planner, undefined, {
    attachment_id: made.attachment.id,
    sha256: sha256(bytes).toString('hex'),
    ...about,
  })
  for (let i = 0; i < (world.twist.comments ?? 1); i += 1)
    add('commented', worker, { comment: `note ${i}, "quoted" and 中文` })
  add('submitted', planner, { status: 'pending_approval', editor_id: planner.id })
  add('approval_requested', planner, undefined, request('release'))
  signAs(made, 'release owner', owner, 'release', 'system_owner')
  signAs(made, 'release quality', quality, 'release', 'qa')
  add('transitioned', quality, { status: 'assigned' })
  add('started', worker, { status: 'in_progress', executor_ids: [worker.id] })
  add('completed', worker, { status: 'completed', completion_summary: 'Done.', actual_hours: 2.5 })
  add('approval_requested', planner, undefined, request('completion'))
  signAs(made, 'completion owner', delegate, 'completion', 'system_owner', owner)
  signAs(made, 'completion quality', quality, 'completion', 'qa')
  add('closed', quality, { status: 'closed' })
}

const request = (gate: string): Loose => ({
  gate,
  round: 1,
  policy_version: 1,
  who: ['Olga Owner', 'Quinn 质量'],
  requirements: ['system_owner', 'qa'].map((role) => ({ role, count: 1, due_at: null })),
})

/** The record as it stands, as canonical JSON has it in a signature and in the pack. */
const toRecord = ({ world, id }: Case): Record<string, unknown> => {
  const head = world.heads.get(id)
  const first = world.log.find((entry) => entry.id === id)
  const at: string = first === undefined ? '' : JSON.parse(first.body).at
  const known = Object.entries(head?.values ?? {}).filter(([field]) => field !== 'comment')
  return { ...blank, ...empty, ...Object.fromEntries(known), id, version: head?.version, created_at: at }
}

/** The record and its files as a signature covers them. */
function toSigned(made: Case, head: { readonly leaf: string; readonly seq: number }): Loose {
  const bytes = made.attachment.bytes
  return {
    v: 1,
    work_order: toRecord(made),
    attachments: [
      {
        id: made.attachment.id,
        name: 'protocol.txt',
        media_type: 'text/plain',
        size_bytes: bytes.length,
        sha256: sha256(bytes).toString('hex'),
      },
    ],
    audit_head: head.leaf,
    audit_seq: head.seq,
  }
}

function signAs(
  made: Case,
  step: string,
  person: Person,
  gate: string,
  role: string,
  delegator?: Person,
): void {
  const { world, id, rows } = made
  const { twist } = world
  if (twist.skip?.includes(step) === true) return
  twist.before?.(step, world)
  const key = world.keys.get(person.id)
  const head = world.heads.get(id)
  if (key === undefined || head === undefined) throw new Error(`${person.name} has no key`)
  const which = rows.length
  const signed = toSigned(made, head)
  twist.signedRecord?.(signed, which)
  const record = toCanonical(signed)
  const statement = toStatement(made, { person, delegator, gate, role, record, key })
  twist.statement?.(statement, which)
  const text = toCanonical(statement)
  const signatureId = world.newId()
  const isPasskey = key.key.kind === 'passkey'
  const passkey = isPasskey
    ? key.key.signPasskey(text, (assertion) => twist.assertion?.(assertion, which))
    : undefined
  world.add('work_order', id, {
    action: 'approval_signed',
    by: person,
    detail: {
      gate,
      round: 1,
      role,
      signature_id: signatureId,
      key_id: key.id,
      statement_hash: sha256(text).toString('hex'),
      ...(delegator === undefined
        ? {}
        : { on_behalf_of: delegator.id, delegation_id: world.delegation.id as string }),
    },
  })
  const row = {
    id: signatureId,
    gate,
    role,
    round: 1,
    wo_version: head.version,
    signer_id: person.id,
    on_behalf_of: delegator?.id ?? null,
    delegation_id: delegator === undefined ? null : (world.delegation.id as string),
    key_id: key.id,
    kind: key.key.kind,
    signed_at: world.now(),
    statement: text,
    record,
    signature: (passkey?.signature ?? key.key.signPassphrase(text)).toString('base64'),
    authenticator_data: passkey?.authenticatorData.toString('base64') ?? null,
    client_data_json: passkey?.clientDataJson ?? null,
    certificate_sha256: sha256(key.certificate.der).toString('hex'),
  }
  twist.row?.(row, which)
  rows.push(row)
}

function toStatement(
  { world, id }: Case,
  about: {
    person: Person
    delegator: Person | undefined
    gate: string
    role: string
    record: string
    key: Loose
  },
): Loose {
  const { person, delegator, key, record } = about
  const head = world.heads.get(id)
  const values = head?.values ?? {}
  return {
    v: 1,
    type: 'docket-signature-statement',
    tenant: { id: world.tenant.id, name: world.tenant.name },
    work_order: {
      id,
      number,
      version: head?.version,
      title: values['title'],
      lifecycle: values['lifecycle'],
      status: values['status'],
    },
    record_hash: sha256(record).toString('hex'),
    audit_head: head?.leaf,
    audit_seq: head?.seq,
    gate: about.gate,
    round: 1,
    role: about.role,
    meaning: 'approved',
    signer: { id: person.id, name: person.name },
    authority:
      delegator === undefined
        ? { kind: 'direct' }
        : {
            kind: 'delegation',
            delegation_id: world.delegation.id,
            delegator: { id: delegator.id, name: delegator.name },
          },
    policy_version: 1,
    key: {
      id: key.id,
      kind: key.key.kind,
      certificate_sha256: sha256(key.certificate.der).toString('hex'),
    },
    intent: world.newId(),
    nonce: sha256(world.newId()).toString('hex'),
    at: world.now(),
    time_zone: 'Asia/Shanghai',
  }
}

function writeFiles(made: Case): Map<string, Buffer> {
  const { world, id, rows } = made
  const { people, tenant, log } = world
  const files = new Map<string, Buffer>()
  const put = (path: string, text: string | Buffer): void => void files.set(path, Buffer.from(text))
  const json = (path: string, value: unknown): void => put(path, JSON.stringify(value))
  const lines = (path: string, of: readonly string[]): void =>
    put(path, of.map((line) => `${line}\n`).join(''))
  const tree = growTree(log.map(({ body }) => sha256(Buffer.of(0), body)))
  const proofsOf = (record: string): Loose[] =>
    log.flatMap((entry, i) =>
      entry.id === record
        ? [
            {
              seq: entry.seq,
              leaf_index: i,
              proof: tree.inclusion(i, log.length).map((h) => h.toString('base64')),
            },
          ]
        : [],
    )
  const bodies = (record: string): string[] =>
    log
      .filter((one) => one.id === record)
      .toSorted((a, b) => a.seq - b.seq)
      .map(({ body }) => body)
  json('tenant.json', { ...tenant, log_vkey: world.logKey.vkey, witnesses: [world.witness.vkey] })
  json(
    'principals.json',
    Object.values(people).map(({ id: own, kind, name }) => ({ id: own, kind, name })),
  )
  json(
    'keys.json',
    [...world.keys.values()].map((key) => toKeyRow(world, key)),
  )
  put(`certificates/ca-${world.authorityId}.pem`, world.authority.pem)
  for (const key of world.keys.values()) put(`certificates/${key.id}.pem`, key.certificate.pem)
  const directory = [...world.keys.keys(), world.delegation.id as string]
  for (const one of directory) lines(`directory/${one}.ndjson`, bodies(one))
  lines('directory/tenant.ndjson', bodies(tenant.id))
  json(
    'directory/proofs.json',
    Object.fromEntries([...directory, tenant.id].map((one) => [one, proofsOf(one)])),
  )
  lines('delegations.ndjson', [JSON.stringify(world.delegation)])
  put(
    `${folder}/record.json`,
    toCanonical({ ...toRecord(made), category: categoryOf(toRecord(made)['status']) }),
  )
  lines(`${folder}/entries.ndjson`, bodies(id))
  lines(
    `${folder}/signatures.ndjson`,
    rows.map((row) => JSON.stringify(row)),
  )
  json(`${folder}/proofs.json`, { tree_size: log.length, leaves: proofsOf(id) })
  addAttachment(made, files)
  put(`${folder}/record.html`, '<!doctype html><title>record</title>')
  put(
    'log/checkpoint.txt',
    makeNote(world.logKey.name, log.length, tree.root(log.length), [world.logKey, world.witness]),
  )
  put('log/vkey.txt', `${world.logKey.vkey}\n`)
  const proof = tree.consistency(20, log.length).map((h) => h.toString('base64'))
  json('log/consistency.json', { from: 20, to: log.length, proof })
  put('README.txt', 'how to check')
  return files
}

function addAttachment(made: Case, files: Map<string, Buffer>): void {
  const { bytes } = made.attachment
  const path = `${folder}/attachments/${made.attachment.id}-protocol.txt`
  files.set(path, bytes)
  const hash = sha256(bytes).toString('hex')
  const about = {
    name: 'protocol.txt',
    media_type: 'text/plain',
    size_bytes: bytes.length,
    sha256: hash,
    path,
  }
  files.set(`${folder}/attachments.json`, Buffer.from(JSON.stringify([{ id: made.attachment.id, ...about }])))
}

const categoryOf = (status: unknown): string =>
  ({ draft: 'initial', pending_approval: 'planning', assigned: 'ready', completed: 'review' })[
    String(status)
  ] ?? 'done'

function toKeyRow(world: World, { id, owner, key, certificate }: Loose): Loose {
  const revoked = world.log.find(({ body }) => body.includes('"key_revoked"') && body.includes(id))
  return {
    id,
    principal_id: owner.id,
    kind: key.kind,
    certificate_sha256: sha256(certificate.der).toString('hex'),
    status: revoked === undefined ? 'active' : 'revoked',
    confirmed_at: '2026-11-21T00:00:30Z',
    revoked_at: revoked === undefined ? null : '2026-11-21T00:01:00Z',
    rp_id: key.kind === 'passkey' ? site.rpId : null,
    origin: key.kind === 'passkey' ? site.origin : null,
  }
}

/** The files as a pack: the manifest names them as they are now. */
export function sealPack({ world, files }: Pick<Made, 'world' | 'files'>): Map<string, Buffer> {
  const manifest = {
    format: 'docket-pack/1',
    tenant: world.tenant,
    made_at: '2026-11-21T00:10:00Z',
    made_by: { id: world.people.admin.id, name: world.people.admin.name },
    scope: { work_order: number },
    files: [...files]
      .map(([path, bytes]) => ({ path, sha256: sha256(bytes).toString('hex'), size: bytes.length }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  }
  return new Map([...files, ['manifest.json', Buffer.from(JSON.stringify(manifest))]])
}

export const zipPack = (files: ReadonlyMap<string, Buffer>): Uint8Array =>
  zipSync(Object.fromEntries(files), { level: 6 })
