/** What the rows of the oracle about the log ask for: a log that is sealed, and an entry of a record of the case. */
import type { Recipe } from './authz-recipe.ts'
import { make } from './authz-world.ts'
import type { World } from './authz-world.ts'
import { sealAll } from './sealing.ts'

/** Once for each world: every tenant has a log. */
const sealed = new WeakMap<object, Promise<number>>()
async function ensureSealed({ fixture }: World): Promise<void> {
  const sealing = sealed.get(fixture) ?? sealAll(fixture)
  sealed.set(fixture, sealing)
  await sealing
}

const ofLog =
  (input: { readonly [name: string]: unknown }, mark: string): Recipe =>
  async (world) => {
    await ensureSealed(world)
    return { input, mark }
  }

export const logs: { readonly [row: string]: Recipe } = {
  'log.checkpoint': ofLog({}, 'docket.log/'),
  'log.consistency': ofLog({ from: 1 }, '"root_from"'),
  'log.tile': ofLog({ level: 0, index: 0 }, 'tile/0/000'),
  'log.inclusion': async (world, seat) => {
    const { id } = await make(world, seat)
    await sealAll(world.fixture, 'acme-bio')
    const { data } = await world.done('Pat Planner', 'GET', `/v1/work-orders/${id}/history`)
    const entry = data[0].id
    return { input: { id: entry }, mark: entry }
  },
}
