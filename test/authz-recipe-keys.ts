/** Recipes of the rows on signing keys and passwords: see authz-recipe.ts. */
import type { Recipe } from './authz-recipe.ts'
import type { Seat, World } from './authz-world.ts'
import { enrollPassphrase } from './signers.ts'

const passphrase = 'four words and a comma'

/** The password of whoever sits here; whoever can have one gets one first. */
export async function letIn(world: World, seat: Seat): Promise<string> {
  if (seat.column === 'oth') return world.fixture.passwordOf(seat.name)
  const password = `password of ${seat.column}, long`
  const email = `${Buffer.from(seat.column).toString('hex')}@matrix.example`
  if (/^(adm|own'?|qa|pm|cap|op|req|asg|aud|ven'?)$/.test(seat.column))
    await world.done('Ada Admin', 'POST', `/v1/principals/${seat.id}/password`, { email, password })
  return password
}

const shared = new WeakMap<World, Promise<string>>()

/** A key of Lee, who has no seat; the same one for all who may only look at it, for making one takes long. */
function keyOfLee(world: World, seat: Seat, changes: boolean): Promise<string> {
  if (changes && /^(adm|qa)$/.test(seat.column)) return enrollPassphrase(world.fixture, 'Lee Lab')
  const known = shared.get(world) ?? enrollPassphrase(world.fixture, 'Lee Lab')
  shared.set(world, known)
  return known
}

const ofLee =
  (input?: Record<string, unknown>): Recipe =>
  async (world, seat) => {
    const id = await keyOfLee(world, seat, input !== undefined)
    return { input: { id, ...input }, mark: id }
  }

export const signingKeys: { readonly [row: string]: Recipe } = {
  "principal.set_password: one's own": async (world, seat) => {
    const password = await letIn(world, seat)
    return { input: { id: seat.id === '-' ? world.ids.lee : seat.id, password, current_password: password } }
  },
  "principal.set_password: somebody else's": async ({ ids, fixture }) => ({
    input: { id: ids.pat, password: fixture.passwordOf('Pat Planner') },
  }),
  'signing_key.begin': async (world, seat) => ({
    input: { label: 'key ring', password: await letIn(world, seat) },
    mark: '"ticket":',
  }),
  'signing_key.enroll': async (world, seat) => ({
    input: { kind: 'passphrase', label: 'office', passphrase, password: await letIn(world, seat) },
    mark: '"status":"pending"',
  }),
  "signing_key.list: one's own": async () => ({ input: {}, mark: '"data":' }),
  "signing_key.list: somebody else's": async (world, seat) => {
    const id = await keyOfLee(world, seat, false)
    return { input: { principal: world.ids.lee, limit: 200 }, mark: id }
  },
  "signing_key.get: somebody else's": ofLee(),
  "signing_key.confirm: somebody else's": ofLee({ note: 'passport seen' }),
  "signing_key.revoke: somebody else's": ofLee({ reason: 'lost' }),
  'signing.attestation': async () => ({ input: {}, mark: '"text_version":1' }),
  'signing.attest': async () => ({ input: { text_version: 1 }, mark: '"attested_at":"' }),
  "signing.unlock: somebody else's": async ({ ids }) => ({ input: { id: ids.lee, reason: 'called back' } }),
}
