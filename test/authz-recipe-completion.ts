/** Recipes of the rows on completion, readiness and waivers: see authz-recipe.ts. */
import type { Recipe } from './authz-recipe.ts'
import { make, makeIn } from './authz-world.ts'
import type { Seat, World } from './authz-world.ts'

/** A linked work order, tied to the seat, under a master of its own. */
async function makeLinked(world: World, seat: Seat, regulatory: boolean): Promise<string> {
  const master = await world.done('Pat Planner', 'POST', '/v1/work-orders', {
    title: `Master ${world.word()}`,
    regulatory,
    asset: 'HPLC-01',
  })
  const { id } = await make(world, seat, { parent: master.id })
  return id
}

const about =
  (state?: string): Recipe =>
  async (world, seat) => {
    const { id } = await (state === undefined ? make(world, seat) : makeIn(world, seat, state))
    return { input: { id }, mark: id }
  }

export const completions: { readonly [row: string]: Recipe } = {
  'hierarchy.completion': about(),
  'hierarchy.ready': about('assigned'),
  'hierarchy.why_blocked': about(),
  'waiver.ask: at once': async (world, seat) => {
    const word = world.word()
    return { input: { id: await makeLinked(world, seat, false), reason: `waived ${word}` }, mark: word }
  },
  'waiver.ask: to be signed': async (world, seat) => {
    const id = await makeLinked(world, seat, true)
    return { input: { id, reason: 'for the matrix' }, mark: id }
  },
  'waiver.withdraw': async (world, seat) => {
    const id = await makeLinked(world, seat, true)
    await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/waiver`, { reason: 'for the matrix' })
    return { input: { id, reason: 'not now' }, mark: id }
  },
  'policy.get_completion': async () => ({ input: {}, mark: 'every linked work order' }),
  'policy.set_completion': async () => ({
    input: { policy: { kind: 'all' }, reason: 'for the matrix' },
    mark: 'every linked work order',
  }),
}
