/**
 * Damage to keys, certificates, delegations, policies and gates, each with the finding that must name it:
 * mostly what a dishonest service would write, with hashes and proofs that fit.
 */
import {
  editText,
  editJson,
  editLines,
  editRow,
  signed,
  entryOf,
  at,
  changeWork,
  delegating,
  keyFile,
} from './damage.ts'
import type { Damage } from './damage.ts'
import { sha256 } from './log.ts'
import { idOf } from './world.ts'
import type { Loose } from './world.ts'

export const ofKey: readonly Damage[] = [
  {
    name: 'the certificate of a signer is exchanged for that of another',
    files: (files, made) =>
      void files.set(keyFile(made, 'quality'), files.get(keyFile(made, 'delegate')) ?? Buffer.alloc(0)),
    found: { code: 'certificate', field: 'CN', sign: 1 },
  },
  {
    name: 'a certificate prints another name',
    twist: { certificate: (ask) => void (ask.name.startsWith('Quinn') && (ask.name = 'Quinn QA')) },
    found: { code: 'certificate', field: 'CN', sign: 1 },
  },
  {
    name: 'a certificate is of another principal',
    twist: { certificate: (ask) => void (ask.name.startsWith('Quinn') && (ask.serial = 'somebody')) },
    found: { code: 'certificate', field: 'serialNumber', sign: 1 },
  },
  {
    name: 'a certificate had run out',
    twist: {
      certificate: (ask) => {
        ask.from = new Date('2026-01-01')
        ask.to = new Date('2026-11-20')
      },
    },
    found: { code: 'certificate', sign: 0 },
  },
  {
    name: 'a certificate is that of an authority',
    twist: { certificate: (ask) => void (ask.ca = true) },
    found: { code: 'certificate', sign: 0, what: 'it is the certificate of an authority, not of a person' },
  },
  {
    name: 'the authority is one that the log does not know',
    twist: entryOf('ca_created', (body) => (body.detail.certificate_sha256 = sha256('x').toString('hex'))),
    found: { code: 'certificate', what: 'the log does not know this certificate authority' },
  },
  {
    name: 'the authority is not in the pack',
    files: (files, { world }) => void files.delete(`certificates/ca-${world.authorityId}.pem`),
    found: { code: 'certificate', what: 'no certificate authority of the tenant issued it' },
  },
  {
    name: 'a certificate is not in the pack',
    files: (files, made) => void files.delete(keyFile(made, 'quality')),
    found: { code: 'missing', sign: 1 },
  },
  {
    name: 'another key was enrolled than the one that is certified',
    twist: entryOf('key_enrolled', (body) => (body.detail.spki = 'AAAA')),
    found: { code: 'certificate', what: 'it certifies another key than the one that was enrolled' },
  },
  {
    name: 'a key was confirmed by its owner',
    twist: entryOf('key_confirmed', (body) => (body.actor.id = body.record.id)),
    found: { code: 'key', field: 'actor', sign: 0 },
  },
  {
    name: 'a key was confirmed with another certificate',
    twist: entryOf('key_confirmed', (body) => (body.detail.certificate_sha256 = sha256('x').toString('hex'))),
    found: { code: 'certificate', field: 'certificate_sha256', sign: 0 },
  },
  {
    name: 'a key was revoked before it signed',
    twist: at('release quality', (_name, world) => {
      const { quality, admin } = world.people
      const detail = { key_id: world.keys.get(quality.id)?.id }
      world.add('principal', quality.id, { action: 'key_revoked', by: admin, detail })
    }),
    found: { code: 'key', what: 'the key was revoked before it signed', sign: 1 },
  },
  {
    name: 'keys.json hides a revocation',
    twist: at('end', (_name, world) => {
      const { quality, admin } = world.people
      const detail = { key_id: world.keys.get(quality.id)?.id }
      world.add('principal', quality.id, { action: 'key_revoked', by: admin, detail })
    }),
    files: editJson('keys.json', (keys) => {
      for (const key of keys) Object.assign(key, { status: 'active', revoked_at: null })
    }),
    found: { code: 'key', file: 'keys.json', field: 'revoked_at', sign: 1 },
  },
  {
    name: 'the entry of a revocation is cut out of the directory',
    twist: at('release quality', (_name, world) => {
      const { quality, admin } = world.people
      const detail = { key_id: world.keys.get(quality.id)?.id }
      world.add('principal', quality.id, { action: 'key_revoked', by: admin, detail })
      world.add('principal', quality.id, { action: 'attested', by: quality })
    }),
    files: (files, { world }) =>
      editLines(`directory/${world.people.quality.id}.ndjson`, (lines) => lines.toSpliced(4, 1))(files),
    found: { code: 'chain', seq: 6, what: 'entry 5 is missing' },
  },
  {
    name: 'a signer had not attested',
    twist: entryOf('attested', (body) => (body.action = 'noted')),
    found: { code: 'authority', field: 'signer', sign: 0 },
  },
  {
    name: 'a signer was locked out',
    twist: at('release quality', (_name, { add, people }) =>
      add('principal', people.quality.id, { action: 'signing_locked', by: people.admin }),
    ),
    found: { code: 'authority', field: 'signer', sign: 1 },
  },
  {
    name: 'a signer was disabled',
    twist: at('release quality', (_name, { add, people }) =>
      add('principal', people.quality.id, {
        action: 'disabled',
        by: people.admin,
        changes: { disabled_at: '2026-11-21T00:00:00Z' },
      }),
    ),
    found: { code: 'authority', field: 'signer', sign: 1 },
  },
  {
    name: 'an agent signs',
    twist: { cast: { quality: { kind: 'agent' } } },
    found: { code: 'authority', sign: 1 },
  },
  {
    name: 'a signer has another role',
    twist: { cast: { quality: { roles: ['operator'] } } },
    found: { code: 'authority', field: 'role', sign: 1 },
  },
  {
    name: 'a printed name is edited',
    files: editJson('principals.json', (people) => (people[2].name = 'Quinn')),
    found: { code: 'statement', file: 'principals.json', field: 'name', sign: 1 },
  },
]

export const ofRules: readonly Damage[] = [
  ...[
    { field: 'roles', edit: (row: Loose) => (row.roles = ['qa']) },
    { field: 'lifecycles', edit: (row: Loose) => (row.lifecycles = ['qms']) },
    { field: 'work_categories', edit: (row: Loose) => (row.work_categories = ['cleaning']) },
    { field: 'regulatory', edit: (row: Loose) => (row.regulatory = false) },
    { field: 'ends_at', edit: (row: Loose) => (row.ends_at = '2026-11-21T00:00:01Z') },
  ].map(({ field, edit }): Damage => ({
    name: `a delegate signs outside the ${field} of the delegation`,
    twist: delegating(edit),
    found: { code: 'authority', field, sign: 2 },
  })),
  {
    name: 'a delegation is longer than thirty days',
    twist: delegating((row) => (row.ends_at = '2027-01-21T00:00:00Z')),
    found: { code: 'authority', field: 'ends_at', sign: 2 },
  },
  {
    name: 'a delegation was never accepted',
    twist: { skip: ['acceptance'] },
    found: { code: 'authority', what: 'Del Delegate had not accepted the delegation', sign: 2 },
  },
  {
    name: 'a delegation was revoked before',
    twist: at('completion owner', (_name, { add, delegation, people }) =>
      add('delegation', delegation.id, { action: 'revoked', by: people.owner }),
    ),
    found: { code: 'authority', seq: 3, sign: 2 },
  },
  {
    name: 'a delegation is wider than the log has it',
    files: editText('delegations.ndjson', (text) =>
      text.replace('["system_owner"]', '["system_owner","qa"]'),
    ),
    found: { code: 'authority', field: 'roles', sign: 2 },
  },
  {
    name: 'a delegation is not in the pack',
    files: (files) => void files.delete('delegations.ndjson'),
    found: { code: 'authority', file: 'delegations.ndjson', sign: 2 },
  },
  {
    name: 'the delegator of a statement is another',
    twist: signed(2, (s) => (s.authority.delegator.name = 'Oscar Owner')),
    found: { code: 'statement', field: 'authority.delegator.name', sign: 2 },
  },
  {
    name: 'who executed the work approves it for another',
    twist: at(
      'completion owner',
      changeWork(({ worker, delegate }) => ({ executor_ids: [worker.id, delegate.id] })),
    ),
    found: { code: 'duties', field: 'executor_ids', what: 'Del Delegate executed the work', sign: 2 },
  },
  {
    name: 'another approves it for who executed the work',
    twist: at(
      'completion owner',
      changeWork(({ worker, owner }) => ({ executor_ids: [worker.id, owner.id] })),
    ),
    found: { code: 'duties', field: 'executor_ids', what: 'Olga Owner executed the work', sign: 2 },
  },
  {
    name: 'the sponsor of the agent that edited it approves it',
    twist: {
      ...at(
        'approval_requested',
        changeWork(({ agent }) => ({ editor_id: agent.id }), 'agent'),
      ),
      cast: { agent: { sponsor: idOf(12) } },
    },
    found: { code: 'duties', field: 'editor_id', sign: 1 },
  },
  {
    name: 'who last edited it approves it',
    twist: at(
      'approval_requested',
      changeWork(({ quality }) => ({ editor_id: quality.id }), 'quality'),
    ),
    found: { code: 'duties', field: 'editor_id', sign: 1 },
  },
  {
    name: 'a gate is passed without QA',
    twist: { skip: ['release quality'] },
    found: { code: 'gate', seq: 7, what: 'it became assigned with 0 of 1 signatures as qa for version 2' },
  },
  {
    name: 'a record is closed without a signature',
    twist: { skip: ['completion owner', 'completion quality'] },
    found: { code: 'gate', seq: 12 },
  },
  {
    name: 'a gate is passed with signatures of an older version',
    twist: at(
      'transitioned',
      changeWork(() => ({ title: 'Other' })),
    ),
    found: { code: 'gate', seq: 9 },
  },
  {
    name: 'one person signs as System Owner and as QA',
    twist: { cast: { quality: { roles: ['qa', 'system_owner'] } }, row: () => undefined },
    files: editRow(0, (row) => (row.signer_id = '01a1fb90-0000-7000-8000-00000000000c')),
    found: {
      code: 'duties',
      seq: 8,
      what: 'one person stands behind two signatures of the gate release: 01a1fb90-0000-7000-8000-00000000000c',
    },
  },
  {
    name: 'a round asked for less than its policy',
    twist: entryOf('approval_requested', (body) => body.detail.requirements.pop()),
    found: { code: 'policy', seq: 5, field: 'requirements' },
  },
  {
    name: 'a policy was made only after the signature',
    twist: {
      entry: (body) => void (body.action === 'policy_changed' && (body.detail = { policy_version: 9 })),
    },
    found: { code: 'policy', field: 'policy_version', sign: 0 },
  },
  {
    name: 'nobody had asked for the signatures',
    twist: entryOf('approval_requested', (body) => (body.action = 'noted')),
    found: { code: 'policy', field: 'round', sign: 0 },
  },
]
