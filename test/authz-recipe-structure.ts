/** Recipes of the rows on trees and dependencies: see authz-recipe.ts. */
import type { Recipe } from './authz-recipe.ts'
import { make } from './authz-world.ts'
import type { Seat, World } from './authz-world.ts'

const makeMaster = (world: World): Promise<{ id: string }> =>
  world.done('Pat Planner', 'POST', '/v1/work-orders', {
    title: `Master ${world.word()}`,
    regulatory: false,
    asset: 'HPLC-01',
  })

/** Two work orders of one master; the one of the seat waits for the other where `waits` is said. */
async function makePair(
  world: World,
  seat: Seat,
  waits: boolean,
): Promise<{ id: string; other: string; master: string }> {
  const master = await makeMaster(world)
  const other = await world.done('Pat Planner', 'POST', '/v1/work-orders', {
    title: `Other ${world.word()}`,
    parent: master.id,
  })
  const { id } = await make(world, seat, { parent: master.id })
  if (waits)
    await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/dependencies`, { predecessor: other.id })
  return { id, other: other.id, master: master.id }
}

export const structures: { readonly [row: string]: Recipe } = {
  'hierarchy.link': async (world, seat) => {
    const [master, { id }] = await Promise.all([makeMaster(world), make(world, seat)])
    return { input: { id, parent: master.id }, mark: id }
  },
  'hierarchy.unlink': async (world, seat) => {
    const { id } = await makePair(world, seat, false)
    return { input: { id }, mark: id }
  },
  'dependency.get': async (world, seat) => {
    const { id, other } = await makePair(world, seat, true)
    return { input: { id }, mark: other }
  },
  'dependency.add': async (world, seat) => {
    const { id, other } = await makePair(world, seat, false)
    return { input: { id, predecessor: other }, mark: '"changed":1' }
  },
  'dependency.remove': async (world, seat) => {
    const { id, other } = await makePair(world, seat, true)
    return { input: { id, predecessor: other }, mark: '"changed":1' }
  },
  'dependency.add_set': async (world, seat) => {
    const { id, other } = await makePair(world, seat, false)
    return { input: { id, dependencies: [{ work_order: id, predecessor: other }] }, mark: '"changed":1' }
  },
  'dependency.reduce': async (world, seat) => {
    const { id, other, master } = await makePair(world, seat, true)
    const between = await world.done('Pat Planner', 'POST', '/v1/work-orders', {
      title: `Between ${world.word()}`,
      parent: master,
    })
    // The straight way is implied by the way round.
    const ties = [
      [between.id, other],
      [id, between.id],
    ] as const
    for (const [waiting, predecessor] of ties)
      await world.done('Pat Planner', 'POST', `/v1/work-orders/${waiting}/dependencies`, { predecessor })
    return { input: { id }, mark: '"changed":1' }
  },
}
