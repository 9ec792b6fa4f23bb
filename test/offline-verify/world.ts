/**
 * The tenant of the made-up packs: its people, keys, delegation and log, written entry by entry. What is added
 * stands in the log in the order in which it is added. `Twist` is how a test makes the world go wrong before it
 * is sealed: a dishonest service, where the changed file is a dishonest reader.
 */
import canonicalize from 'canonicalize'
import { makeAuthority, makeSigningKey } from './keys.ts'
import type { Algorithm, Assertion, Authority, CertificateAsk, Issued, SigningKey } from './keys.ts'
import { makeNoteKey, sha256 } from './log.ts'
import type { NoteKey } from './log.ts'

export const toCanonical = (value: unknown): string => canonicalize(value) ?? ''

/** Anything may be made wrong: made-up values are not known to the compiler. */
export type Loose = ReturnType<typeof JSON.parse>
export type Twist = {
  entry?(body: Loose): void
  statement?(statement: Loose, which: number): void
  signedRecord?(record: Loose, which: number): void
  assertion?(assertion: Assertion, which: number): void
  certificate?(ask: CertificateAsk): void
  row?(row: Loose, which: number): void
  before?(step: string, world: World): void
  /** Steps that are left out: signatures, the acceptance, the mark of the authority. */
  skip?: readonly string[]
  cast?: { readonly [name: string]: Partial<Person> }
  algorithm?: Algorithm
  /** Comments before the work begins: what makes a trail long. */
  comments?: number
}

export type Person = {
  id: string
  name: string
  kind: string
  roles: readonly string[]
  sponsor: string | null
}
export type Logged = {
  readonly kind: string
  readonly id: string
  readonly seq: number
  readonly body: string
}
export type Key = {
  readonly id: string
  readonly owner: Person
  readonly key: SigningKey
  readonly certificate: Issued
}
export type NewEntry = {
  action: string
  by: Person
  changes?: Readonly<Record<string, unknown>>
  detail?: Loose
  newVersion?: boolean
  request?: string
}
export type World = {
  readonly tenant: { readonly id: string; readonly slug: string; readonly name: string }
  readonly people: Readonly<Record<Role, Person>>
  readonly keys: Map<string, Key>
  readonly log: Logged[]
  readonly logKey: NoteKey
  readonly witness: NoteKey
  readonly authority: Authority
  readonly authorityId: string
  readonly delegation: Loose
  readonly twist: Twist
  readonly now: () => string
  readonly add: (kind: string, id: string, entry: NewEntry) => void
  heads: Map<string, { seq: number; version: number; leaf: string; values: Record<string, unknown> }>
  readonly newId: () => string
}
export type Role = 'admin' | 'owner' | 'quality' | 'delegate' | 'planner' | 'worker' | 'agent'

const started = Date.UTC(2026, 10, 21)
export const idOf = (n: number): string => `01a1fb90-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

const cast: Readonly<Record<Role, Omit<Person, 'id'>>> = {
  admin: { name: 'Ada Admin', kind: 'human', roles: ['admin'], sponsor: null },
  owner: { name: 'Olga Owner', kind: 'human', roles: ['system_owner'], sponsor: null },
  quality: { name: 'Quinn 质量', kind: 'human', roles: ['qa'], sponsor: null },
  delegate: { name: 'Del Delegate', kind: 'human', roles: ['operator'], sponsor: null },
  planner: { name: 'Pat Planner', kind: 'human', roles: ['assigner'], sponsor: null },
  worker: { name: 'Lee Lab', kind: 'human', roles: ['operator'], sponsor: null },
  agent: { name: 'Build Agent', kind: 'agent', roles: ['operator'], sponsor: null },
}

export async function makeWorld(twist: Twist): Promise<World> {
  const tenant = { id: idOf(1), slug: 'acme-bio', name: 'Acme Bio' }
  let ids = 100
  const people = Object.fromEntries(
    Object.entries(cast).map(([role, person], i) => [
      role,
      { ...person, id: idOf(i + 10), ...twist.cast?.[role] },
    ]),
  ) as Record<Role, Person>
  if (people.agent.sponsor === null) people.agent.sponsor = people.planner.id
  const origin = `docket.log/${tenant.id}`
  let ticks = 0
  const world: World = {
    tenant,
    people,
    keys: new Map(),
    log: [],
    logKey: makeNoteKey(origin, 1),
    witness: makeNoteKey('witness.example', 4),
    authority: await makeAuthority(
      'Acme Bio signing keys',
      new Date(started - 1000),
      new Date(started + 86_400_000 * 365),
      twist.skip?.includes('authority') !== true,
    ),
    authorityId: idOf(3),
    delegation: undefined,
    twist,
    heads: new Map(),
    now: () => new Date(started + ticks * 1000).toISOString().replace('Z', '001Z'),
    newId: () => idOf((ids += 1)),
    add(kind, id, entry) {
      ticks += 1
      addEntry(world, kind, id, entry)
    },
  }
  await addDirectory(world)
  return world
}

function addEntry(world: World, kind: string, id: string, entry: NewEntry): void {
  const head = world.heads.get(id) ?? { seq: 0, version: 0, leaf: '', values: {} }
  const changes = Object.entries(entry.changes ?? {}).map(([field, next]) => ({
    field,
    old: field === 'comment' ? null : (head.values[field] ?? null),
    new: next,
  }))
  const { by } = entry
  const body = {
    v: 1,
    id: world.newId(),
    tenant: world.tenant.id,
    record: { kind, id },
    seq: head.seq + 1,
    version: head.version + (entry.newVersion === true || head.seq === 0 ? 1 : 0),
    actor: { id: by.id, kind: by.kind, name: by.name, sponsor: by.sponsor, client: 'rest' },
    action: entry.action,
    reason: null,
    changes,
    detail: entry.detail ?? null,
    request: entry.request ?? world.newId(),
    at: world.now(),
    prev: head.seq === 0 ? null : head.leaf,
  }
  world.twist.entry?.(body)
  const text = toCanonical(body)
  world.log.push({ kind, id, seq: body.seq, body: text })
  world.heads.set(id, {
    seq: body.seq,
    version: body.version,
    leaf: sha256(Buffer.of(0), text).toString('hex'),
    values: { ...head.values, ...entry.changes },
  })
}

/** Tenant, people, keys and the delegation, as a service writes them before anything is signed. */
async function addDirectory(world: World): Promise<void> {
  const { people, tenant } = world
  const { admin, owner, quality, delegate } = people
  const step = (name: string): void => world.twist.before?.(name, world)
  world.add('tenant', tenant.id, {
    action: 'founded',
    by: admin,
    changes: { slug: tenant.slug, name: tenant.name, default_lifecycle: 'change-control' },
  })
  for (const person of Object.values(people))
    world.add('principal', person.id, {
      action: 'registered',
      by: admin,
      changes: { kind: person.kind, name: person.name, roles: person.roles },
    })
  world.add('tenant', tenant.id, {
    action: 'log_key_created',
    by: admin,
    detail: { vkey: world.logKey.vkey },
  })
  const { authority } = world
  world.add('tenant', tenant.id, {
    action: 'ca_created',
    by: admin,
    detail: {
      certificate_sha256: sha256(authority.der).toString('hex'),
      certificate: authority.der.toString('base64'),
    },
  })
  step('policy')
  world.add('tenant', tenant.id, {
    action: 'policy_changed',
    by: admin,
    changes: { approval_policy: policy },
    detail: { policy_version: 1 },
  })
  for (const person of [owner, quality, delegate]) await addKey(world, person)
  addDelegation(world)
}

const policy = {
  calendar: { time_zone: 'UTC' },
  rules: [
    {
      lifecycle: 'change-control',
      work_category: null,
      regulatory: null,
      gate: 'release',
      ordered: false,
      requirements: [{ role: 'qa', count: 1, position: null, sla_hours: null }],
    },
  ],
}

export async function addKey(world: World, person: Person): Promise<void> {
  const { people, twist } = world
  const kind = person === people.owner ? 'passkey' : 'passphrase'
  const key = await makeSigningKey(kind, kind === 'passkey' ? twist.algorithm : undefined)
  const id = world.newId()
  world.add('principal', person.id, {
    action: 'key_enrolled',
    by: person,
    detail: { key_id: id, kind, spki: key.spki.toString('base64') },
  })
  const ask: CertificateAsk = {
    name: person.name,
    serial: person.id,
    from: new Date(started),
    to: new Date(started + 86_400_000 * 300),
    key: key.pair,
    ca: false,
  }
  twist.certificate?.(ask)
  const certificate = await world.authority.issue(ask)
  const hash = sha256(certificate.der).toString('hex')
  twist.before?.(`confirm ${person.name}`, world)
  world.add('principal', person.id, {
    action: 'key_confirmed',
    by: people.admin,
    detail: { key_id: id, certificate_sha256: hash, by: people.admin.id },
  })
  world.add('principal', person.id, { action: 'attested', by: person, detail: { text_version: 1 } })
  world.keys.set(person.id, { id, owner: person, key, certificate })
}

function addDelegation(world: World): void {
  const { owner, delegate } = world.people
  const row: Loose = {
    delegator_id: owner.id,
    delegate_id: delegate.id,
    roles: ['system_owner'],
    lifecycles: ['change-control'],
    work_categories: null,
    regulatory: null,
    starts_at: '2026-11-21T00:00:00Z',
    ends_at: '2026-11-28T00:00:00Z',
    reason: 'a week away',
  }
  const id = world.newId()
  Object.assign(world, { delegation: { id, ...row } })
  world.twist.before?.('delegation', world)
  world.add('delegation', id, { action: 'proposed', by: owner, changes: withoutId(world.delegation) })
  world.twist.before?.('acceptance', world)
  if (world.twist.skip?.includes('acceptance') !== true)
    world.add('delegation', id, { action: 'accepted', by: delegate, changes: {}, newVersion: true })
}

const withoutId = ({ id: _id, ...row }: Loose): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
