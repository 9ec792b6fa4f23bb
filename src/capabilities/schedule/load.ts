/** Everything that a schedule rests on, as it is now. */
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { toInstant } from '#domain/instant.ts'
import type { Grid } from '#domain/slot.ts'
import type { Tx } from '#platform/tx.ts'
import { loadWorking } from '../person/working.ts'
import type { Ask } from './ask.ts'
import { toGrid, toMs } from './to-free.ts'
import { toWorld } from './to-world.ts'
import type { Planned } from './to-world.ts'
import { listOutside, listPlannable, listTaken, listTools } from './world-store.ts'
import type { Plannable } from './world-store.ts'

export const mostWorks = 1000

/** The grid of an earlier answer is given when it is looked at again. */
export async function loadPlanned(tx: Tx, ask: Ask, earlier?: Grid): Promise<Decision<Planned>> {
  const works = await listPlannable(tx, ask.scope, mostWorks + 1)
  if (works.length > mostWorks)
    return refuse({
      code: 'invalid_input',
      errors: [{ path: '', message: `at most ${mostWorks} work orders are planned at once: choose a part` }],
    })
  const inPlan = new Set(works.map(({ id }) => id))
  const others = works.flatMap(({ predecessors }) => (predecessors ?? []).map(({ id }) => id))
  const outside = await listOutside(tx, [...new Set(others.filter((id) => !inPlan.has(id)))])
  const grid = earlier ?? toGridFrom(tx, ask)
  const [from, until] = [0, grid.length].map((slot) => toInstant(toMs(grid, slot) * 1000))
  const people = await loadWorking(tx, { start: from!, end: until! })
  const rows = {
    works: works.map((row): Plannable =>
      ask.requirements === null ? row : { ...row, requirements: ask.requirements },
    ),
    outside,
    people,
    tools: await listTools(tx),
    taken: await listTaken(tx, from!, until!),
  }
  return accept(toWorld(rows, { grid, replan: ask.replan, earliestStart: ask.earliest_start }))
}

function toGridFrom(tx: Tx, { earliest_start: start, latest_end: end }: Ask): Grid {
  const now = Date.parse(tx.now())
  return toGrid(Math.max(now, start === null ? now : Date.parse(start)), Date.parse(end))
}
