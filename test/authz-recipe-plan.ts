/** Recipes of the rows on job plans, credentials and templates: see authz-recipe.ts. */
import type { Recipe } from './authz-recipe.ts'
import { makeIn } from './authz-world.ts'
import type { World } from './authz-world.ts'

const job_plan = {
  title: 'For the matrix',
  steps: [{ key: 'look', kind: 'instruction', text: 'Look at it', credential: 'key' }],
  credentials: [{ name: 'key', ref: 'vault://secret/matrix#key' }],
}
const underWay =
  (more: Record<string, unknown> = {}): Recipe =>
  async (world, seat) => {
    const { id, number } = await makeIn(world, seat, 'in_progress', { job_plan })
    return { input: { id, ...more }, mark: number }
  }

/** A template that nobody has touched; the first in the list where that is what is read. */
async function keep(world: World, prefix = 'm'): Promise<{ name: string; word: string }> {
  const word = world.word()
  const name = `${prefix}-${word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
  const body = { lifecycle: 'change-control', title: `Template ${word}` }
  await world.done('Pat Planner', 'POST', '/v1/templates', { name, body })
  return { name, word }
}

export const plans: { readonly [row: string]: Recipe } = {
  'job_plan.get': underWay(),
  'job_plan.record_step': underWay({ step: 'look' }),
  'credential.lease: no vault': underWay({ name: 'key' }),
  'template.create': async (world) => {
    const word = world.word()
    const name = `n-${word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
    return { input: { name, body: { lifecycle: 'change-control', title: word } }, mark: word }
  },
  'template.list': async (world) => ({ input: { limit: 200 }, mark: (await keep(world, '0')).word }),
  'template.get': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name }, mark: word }
  },
  'template.history': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name }, mark: word }
  },
  'template.update': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name, retired: true, reason: 'for the matrix' }, mark: word }
  },
  'template.apply': async (world) => {
    const { name, word } = await keep(world)
    return { input: { name }, mark: word }
  },
}
