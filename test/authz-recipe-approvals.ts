/** Recipes of the rows on approvals and delegations: see authz-recipe.ts. Who holds the role of a row can sign. */
import assert from 'node:assert/strict'
import type { Recipe } from './authz-recipe.ts'
import { letIn } from './authz-recipe-keys.ts'
import { make } from './authz-world.ts'
import type { Made, Seat, World } from './authz-world.ts'
import { send } from './fixture.ts'
import type { Json } from './fixture.ts'
import { enrolSigner } from './signer.ts'
import type { Signer } from './signer.ts'

/** Made once for each world and each name, whoever asks first. */
export function once<T>(make_: (world: World, name: string) => Promise<T>) {
  const known = new WeakMap<object, Map<string, Promise<T>>>()
  return (world: World, name = ''): Promise<T> => {
    const ofWorld = known.get(world.fixture) ?? new Map<string, Promise<T>>()
    known.set(world.fixture, ofWorld)
    const made = ofWorld.get(name) ?? make_(world, name)
    ofWorld.set(name, made)
    return made
  }
}

const passphrase = 'five words of whoever signs'

async function ask(world: World, key: string | undefined, path: string, body: object): Promise<Json> {
  const reply = await send(`${world.fixture.url}${path}`, key, 'POST', body)
  assert.ok(reply.status < 300, `${path}: ${reply.status} ${reply.text}`)
  return reply.body
}

/** The seat's password, once it has attested and has a key in force. */
const enrolSeat = once(async (world, column) => {
  const seat = world.seats.find((one) => one.column === column)
  if (seat === undefined) throw new Error(`no seat ${column}`)
  const password = await letIn(world, seat)
  await ask(world, seat.key, '/v1/me/attestation', { text_version: 1 })
  const enrolled = { kind: 'passphrase', label: 'seat', password, passphrase }
  const { id } = await ask(world, seat.key, '/v1/signing-keys', enrolled)
  await world.done('Quinn QA', 'POST', `/v1/signing-keys/${id}/confirmation`, { note: 'passport seen' })
  return password
})

/** A regulatory work order whose release gate waits to be signed. */
async function makeAsked(world: World, seat: Seat): Promise<Made> {
  const made = await make(world, seat, { lifecycle: 'change-control', regulatory: true })
  const submit = { to: 'pending_approval', reason: 'ready' }
  await world.done('Pat Planner', 'POST', `/v1/work-orders/${made.id}/transitions`, submit)
  return made
}

/** For those who only look: nobody's in particular. */
const lookedAt = once((world) => makeAsked(world, { ...seatOf(world, 'op'), tie: undefined }))
function seatOf(world: World, column: string): Seat {
  const seat = world.seats.find((one) => one.column === column)
  if (seat === undefined) throw new Error(`no seat ${column}`)
  return seat
}

const roleOf = (seat: Seat): string | undefined =>
  ({ own: 'system_owner', qa: 'qa' })[seat.column as 'own' | 'qa']

const intend =
  (role: string): Recipe =>
  async (world, seat) => {
    const { id } = await makeAsked(world, seat)
    if (roleOf(seat) !== undefined) await enrolSeat(world, seat.column)
    return { input: { id, gate: 'release', role }, mark: '"statement_hash":"' }
  }

/** Somebody who has no seat, and has asked to sign. */
const stranger = once((world) => enrolSigner(world.fixture, 'Iris Intent', ['qa']))
async function makeStrangersIntent(world: World, seat: Seat): Promise<Json> {
  const signer: Signer = await stranger(world)
  const { id } = await makeAsked(world, seat)
  const asked = await signer.call('POST', `/v1/work-orders/${id}/signing-intents`, {
    gate: 'release',
    role: 'qa',
  })
  assert.equal(asked.status, 201, asked.text)
  return { intent: asked.body.id, password: signer.password, passphrase: signer.passphrase }
}

const signOwn: Recipe = async (world, seat) => {
  const role = roleOf(seat)
  // Who cannot have one of his own tries another's, with all the secrets that belong to it.
  if (role === undefined) return { input: await makeStrangersIntent(world, seat) }
  const password = await enrolSeat(world, seat.column)
  const { id } = await makeAsked(world, seat)
  const asked = { gate: 'release', role }
  const intent = await ask(world, seat.key, `/v1/work-orders/${id}/signing-intents`, asked)
  return { input: { intent: intent.id, password, passphrase }, mark: '"standing":"valid for version' }
}

export const approvals: { readonly [row: string]: Recipe } = {
  'approval.intend: as QA': intend('qa'),
  'approval.intend: as system owner': intend('system_owner'),
  "approval.sign: one's own intent": signOwn,
  "approval.sign: somebody else's intent": async (world, seat) => ({
    input: await makeStrangersIntent(world, seat),
  }),
  'approval.reject': async (world, seat) => {
    const { id } = await makeAsked(world, seat)
    return { input: { id, reason: 'the evidence is missing' }, mark: '"status":"draft"' }
  },
  'approval.get': async (world, seat) => {
    const { id } = seat.tie === 'assignee' ? await makeAsked(world, seat) : await lookedAt(world)
    return { input: { id }, mark: id }
  },
  'approval.pending': async (world) => ({ input: {}, mark: (await lookedAt(world)).id }),
}

const inTenDays = (): string => new Date(Date.now() + 10 * 86_400_000).toISOString()
const offer = (to: string, roles: readonly string[]): Record<string, unknown> => ({
  to,
  roles,
  ends_at: inTenDays(),
  reason: 'on leave',
})
/** The first role of each who can have one and gives it on. */
const ownRoles: { readonly [column: string]: string } = {
  adm: 'admin',
  own: 'system_owner',
  "own'": 'system_owner',
  qa: 'qa',
  pm: 'assigner',
  cap: 'captain',
  oth: 'captain',
}
const isPerson = ({ column }: Seat): boolean => /^(?:adm|own'?|qa|pm|cap|op|req|asg)$/.test(column)

/** One that Pat proposed: to whoever sits here, or to Lee where that one can be no delegate. */
const given =
  (what: string, toSeat: boolean): Recipe =>
  async (world, seat) => {
    const to = toSeat && isPerson(seat) ? seat.id : world.ids.lee
    const { id } = await world.done('Pat Planner', 'POST', '/v1/delegations', offer(to, ['assigner']))
    return { input: { id, reason: 'as agreed' }, mark: `"status":"${what}"` }
  }

export const delegations: { readonly [row: string]: Recipe } = {
  "delegation.propose: one's own role": async ({ ids }, seat) => ({
    input: offer(ids.lee, [ownRoles[seat.column] ?? 'operator']),
    mark: '"status":"proposed"',
  }),
  "delegation.propose: somebody else's role": async ({ ids }) => ({
    input: { ...offer(ids.lee, ['assigner']), from: ids.pat },
    mark: '"status":"proposed"',
  }),
  'delegation.propose: to an agent': async (world, seat) => ({
    input: offer(seatOf(world, 'agt').id, [ownRoles[seat.column] ?? 'operator']),
  }),
  'delegation.accept: given to oneself': given('active', true),
  'delegation.accept: of two others': given('active', false),
  'delegation.decline: given to oneself': given('declined', true),
  'delegation.decline: of two others': given('declined', false),
  'delegation.revoke: given to oneself': given('revoked', true),
  'delegation.revoke: of two others': given('revoked', false),
  'delegation.list': async (world) => {
    const made = await world.done(
      'Pat Planner',
      'POST',
      '/v1/delegations',
      offer(world.ids.lee, ['assigner']),
    )
    return { input: { limit: 200 }, mark: made.id }
  },
  'delegation.get': async (world) => {
    const made = await world.done(
      'Pat Planner',
      'POST',
      '/v1/delegations',
      offer(world.ids.lee, ['assigner']),
    )
    return { input: { id: made.id }, mark: made.id }
  },
}
