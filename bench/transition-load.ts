/** The load of transitions: fleet work orders of the captain, moved to and fro over HTTP by clients that each have their own. */
import { create } from '#capabilities/work-order/create.ts'
import { transition } from '#capabilities/work-order/transition.ts'
import type { Actor } from '#domain/principal.ts'
import { perform } from '#platform/perform.ts'
import { load } from './http-load.ts'
import type { World } from './world.ts'

export const perClient = 50
const movesInARow = 10
const lanes = 12

/** Which of its work orders somebody moves in this turn. */
export const turnOf = (turn: number, many: number): number => Math.floor(turn / movesInARow) % many

/** Fleet work orders in progress; gives their ids. */
export async function fill({ service, key }: World, count: number): Promise<string[]> {
  const actor = await service.identity.authenticate({ bearer: key }, 'bench')
  if (actor === undefined) throw new Error('the key of the bench does not work')
  const run = async (
    operation: typeof create | typeof transition,
    input: unknown,
    as: Actor,
  ): Promise<{ id: string }> => {
    const decision = await perform(service.floor, operation, as, input, { requestId: 'fill' })
    if (!decision.ok) throw new Error(JSON.stringify(decision.refusal))
    return decision.value.output as { id: string }
  }
  const ids: string[] = []
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < count; i += lanes) {
      const { id } = await run(
        create,
        { title: `[Bench-Load] work order ${i}`, description: 'one of many', assignee: 'Captain' },
        actor,
      )
      await run(transition, { id, to: 'accepted' }, actor)
      await run(transition, { id, to: 'in_progress' }, actor)
      ids[i] = id
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)))
  return ids
}

/** As many clients as there are fifties of work orders; afterwards every work order is in progress again. */
export async function overHttp(url: string, key: string, ids: readonly string[], duration: number) {
  const clients = Math.floor(ids.length / perClient)
  const states = ids.map(() => 'in_progress')
  const result = await load(url, key, clients, duration, (client, turn) => {
    const i = client * perClient + turnOf(turn, perClient)
    const to = states[i] === 'in_progress' ? 'blocked' : 'in_progress'
    states[i] = to
    return {
      method: 'POST',
      path: `/v1/work-orders/${ids[i]}/transitions`,
      body: JSON.stringify({ to, notes: 'waiting for the endpoint' }),
    }
  })
  // Leave every work order in progress, so that the next round begins like this one.
  for (const [i, id] of ids.entries()) {
    if (states[i] === 'in_progress') continue
    await fetch(`${url}/v1/work-orders/${id}/transitions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ to: 'in_progress', notes: 'resumed' }),
    })
  }
  return result
}
