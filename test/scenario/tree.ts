/** Trees for tests: drawn with a letter for each work order, and moved over the doors. */
import assert from 'node:assert/strict'
import { insertMany } from '#capabilities/work-order/create-many.ts'
import type { Draft } from '#capabilities/work-order/create-many.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { inTenantOf } from '../signers.ts'

export type Twig = Partial<Omit<Draft, 'id' | 'parent_id' | 'predecessors'>> & {
  /** The letter of its master. */
  readonly under?: string
  /** Letters of what it waits for, with a lag in hours: `B` or `B+2`. */
  readonly after?: readonly string[]
}
export type Planted = { readonly [letter: string]: { readonly id: string; readonly number: string } }

/** Plants it as Pat Planner, with Lee Lab as the assignee of everything that names nobody else. */
export async function plant(fixture: Fixture, twigs: { readonly [letter: string]: Twig }): Promise<Planted> {
  const idOf = async (name: string): Promise<string> =>
    (await fixture.call(name, 'GET', '/v1/me')).body.id as string
  const [pat, lee] = [await idOf('Pat Planner'), await idOf('Lee Lab')]
  return inTenantOf(fixture, 'Pat Planner', async (tx) => {
    const ids = new Map(Object.keys(twigs).map((letter) => [letter, tx.newId()]))
    const toId = (letter: string): string => ids.get(letter) ?? assert.fail(`no ${letter}`)
    const drafts = Object.entries(twigs).map(([letter, { under, after, ...more }]): Draft => ({
      id: toId(letter),
      lifecycle: 'change-control',
      title: `Work ${letter}`,
      description: 'as planned',
      requester_id: pat,
      assignee_id: lee,
      parent_id: under === undefined ? null : toId(under),
      predecessors:
        after === undefined
          ? null
          : after.map((one) => {
              const [before = '', lag = '0'] = one.split('+')
              return { id: toId(before), lag_hours: Number(lag) }
            }),
      ...more,
    }))
    const rows = await insertMany(tx, drafts)
    return Object.fromEntries(
      Object.keys(twigs).map((letter, i) => [
        letter,
        { id: rows[i]?.id ?? '', number: rows[i]?.number ?? '' },
      ]),
    )
  })
}

export const move = (
  fixture: Fixture,
  who: string,
  id: string,
  to: string,
  more: object = {},
): Promise<Reply> =>
  fixture.call(who, 'POST', `/v1/work-orders/${id}/transitions`, { to, reason: 'as planned', ...more })

const steps: { readonly [to: string]: readonly (readonly [who: string, to: string, more?: object])[] } = {
  assigned: [['Pat Planner', 'assigned']],
  in_progress: [['Lee Lab', 'in_progress']],
  blocked: [['Lee Lab', 'blocked', { notes: 'waiting' }]],
  completed: [['Lee Lab', 'completed', { completion_summary: 'done', actual_hours: 1 }]],
  closed: [['Pat Planner', 'closed']],
}
const order = ['draft', 'assigned', 'in_progress', 'completed', 'closed']

/** Takes a work order that is not regulatory along its way to that state. */
export async function bring(fixture: Fixture, id: string, to: string): Promise<void> {
  const { status } = (await fixture.call('Pat Planner', 'GET', `/v1/work-orders/${id}`)).body
  const way =
    to === 'blocked'
      ? [...order.slice(order.indexOf(status) + 1, 3), 'blocked']
      : order.slice(order.indexOf(status) + 1, order.indexOf(to) + 1)
  for (const next of way)
    for (const [who, state, more] of steps[next] ?? []) {
      const reply = await move(fixture, who, id, state, more)
      assert.equal(reply.status, 200, reply.text)
    }
}

export const read = async (fixture: Fixture, id: string, what = '', who = 'Pat Planner'): Promise<Json> => {
  const { status, body, text } = await fixture.call(who, 'GET', `/v1/work-orders/${id}${what}`)
  assert.equal(status, 200, text)
  return body
}

export const actionsOf = async (fixture: Fixture, id: string): Promise<string[]> =>
  (await read(fixture, id, '/history')).data.map((entry: { action: string }) => entry.action)
