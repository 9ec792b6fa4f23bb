/**
 * The world of the permission matrix: a service with one principal for every column of the oracle, and what
 * it takes to put a work order into a state with that principal tied to it.
 */
import assert from 'node:assert/strict'
import { openFixture, send } from './fixture.ts'
import type { Fixture, Json, Reply } from './fixture.ts'

/** How the record of a row is tied to who asks. */
type Tie = 'requester' | 'assignee' | undefined
export type Seat = {
  readonly column: string
  readonly key: string | undefined
  readonly name: string
  readonly id: string
  readonly tie: Tie
  /** False when nobody is let in with that key. */
  readonly isIn: boolean
}

export type World = {
  readonly fixture: Fixture
  readonly seats: readonly Seat[]
  /** Ids of this tenant that a row may name. */
  readonly ids: {
    readonly hplc: string
    readonly balance: string
    readonly pat: string
    readonly lee: string
  }
  /** A word that nothing else has. */
  word(): string
  /** A call that must succeed; the answer's body. */
  done(principal: string, method: string, path: string, body?: unknown): Promise<Json>
  close(): Promise<void>
}

type Part = {
  readonly kind: 'human' | 'agent' | 'vendor' | 'system'
  readonly roles?: readonly string[]
  readonly sponsor?: string
  readonly name?: string
}
const parts: { readonly [column: string]: Part } = {
  adm: { kind: 'human', roles: ['admin'] },
  own: { kind: 'human', roles: ['system_owner'] },
  "own'": { kind: 'human' },
  qa: { kind: 'human', roles: ['qa'] },
  pm: { kind: 'human', roles: ['assigner'] },
  cap: { kind: 'human', roles: ['captain'] },
  op: { kind: 'human', roles: ['operator'] },
  req: { kind: 'human', roles: ['operator'] },
  asg: { kind: 'human', roles: ['operator'] },
  aud: { kind: 'human', roles: ['auditor'] },
  ven: { kind: 'vendor', roles: ['vendor'] },
  "ven'": { kind: 'vendor', roles: ['vendor'] },
  agt: { kind: 'agent', roles: ['operator'], sponsor: 'op' },
  'agt+': { kind: 'agent', roles: ['operator'], sponsor: 'op' },
  acap: { kind: 'agent', roles: ['captain'], sponsor: 'cap' },
  a0: { kind: 'agent', sponsor: 'op' },
  ax: { kind: 'agent', roles: ['captain', 'assigner', 'operator'], sponsor: 'nil' },
  sys: { kind: 'system', roles: ['operator'] },
  prx: { kind: 'system', roles: ['captain'], name: 'system:captain-proxy' },
  dis: { kind: 'human', roles: ['system_owner', 'qa', 'assigner', 'captain', 'operator'] },
  orp: { kind: 'agent', roles: ['operator'], sponsor: 'gone' },
}
/** Sponsors that have no column. */
const offstage: { readonly [name: string]: Part } = {
  nil: { kind: 'human' },
  gone: { kind: 'human', roles: ['operator'] },
}
const ties: { readonly [column: string]: Tie } = {
  req: 'requester',
  asg: 'assignee',
  ven: 'assignee',
  'agt+': 'assignee',
}
const nameOf = (column: string): string => parts[column]?.name ?? `Seat ${column}`

export async function openWorld(): Promise<World> {
  const fixture = await openFixture()
  let words = 0
  const done = async (principal: string, method: string, path: string, body?: unknown): Promise<Json> => {
    const reply = await fixture.call(principal, method, path, body)
    assert.ok(reply.status < 300, `${principal} ${method} ${path}: ${reply.status} ${reply.text}`)
    return reply.body
  }
  const seats: Seat[] = []
  // In order: a sponsor is there before its agents.
  for (const [column, part] of Object.entries({ ...offstage, ...parts })) {
    const id = (await register(done, column, part)).id
    if (column === "own'") {
      const grant = { role: 'system_owner', asset: 'BAL-12', reason: 'its owner' }
      await done('Ada Admin', 'POST', `/v1/principals/${id}/grants`, grant)
    }
    if (parts[column] === undefined) continue
    const { key } = await done('Ada Admin', 'POST', '/v1/keys', { principal: id, name: 'seat key' })
    const isIn = column !== 'dis' && column !== 'orp'
    seats.push({ column, key, id, name: nameOf(column), tie: ties[column], isIn })
  }
  for (const name of ['dis', 'gone'])
    await done('Ada Admin', 'POST', `/v1/principals/${encodeURIComponent(nameOf(name))}/disable`, {
      reason: 'left',
    })
  const captain = await done('夏哥', 'GET', '/v1/me')
  await done('夏哥', 'POST', '/v1/keys', { name: 'seat key' })
  const nobody = { name: '-', id: '-', tie: undefined }
  seats.push(
    {
      column: 'oth',
      key: fixture.keyOf('夏哥'),
      name: captain.name,
      id: captain.id,
      tie: undefined,
      isIn: true,
    },
    { ...nobody, column: 'nob', key: undefined, isIn: false },
    { ...nobody, column: 'gar', key: `dk_${'x'.repeat(48)}`, isIn: false },
  )
  const find = async (path: string): Promise<string> => (await done('Ada Admin', 'GET', path)).id
  const ids = {
    hplc: await find('/v1/assets/HPLC-01'),
    balance: await find('/v1/assets/BAL-12'),
    pat: await find('/v1/principals/Pat%20Planner'),
    lee: await find('/v1/principals/Lee%20Lab'),
  }
  const word = (): string => `word${(words += 1)}x`
  return { fixture, seats, ids, word, done, close: () => fixture.close() }
}

function register(done: World['done'], column: string, part: Part): Promise<Json> {
  return done('Ada Admin', 'POST', '/v1/principals', {
    name: nameOf(column),
    kind: part.kind,
    roles: part.roles ?? [],
    ...(part.sponsor === undefined ? {} : { sponsor: nameOf(part.sponsor) }),
  })
}

export type Made = { readonly id: string; readonly number: string; readonly word: string }

/** A work order in its first state, for HPLC-01, tied to the seat as its column says; Lee works on the others. */
export async function make(world: World, seat: Seat, fields: Record<string, unknown> = {}): Promise<Made> {
  const word = world.word()
  const { id, number } = await world.done('Pat Planner', 'POST', '/v1/work-orders', {
    title: `[Lab-Matrix] ${word}`,
    description: 'for the matrix',
    asset: 'HPLC-01',
    assignee: seat.tie === 'assignee' ? seat.name : 'Lee Lab',
    ...(seat.tie === 'requester' ? { requester: seat.name } : {}),
    ...fields,
  })
  return { id, number, word }
}

type Move = { readonly by: 'planner' | 'worker'; readonly to: string } & Record<string, unknown>
const paths: { readonly [state: string]: { readonly lifecycle: string; readonly moves: readonly Move[] } } = {
  assigned: { lifecycle: 'change-control', moves: [{ by: 'planner', to: 'assigned' }] },
  in_progress: {
    lifecycle: 'change-control',
    moves: [
      { by: 'planner', to: 'assigned' },
      { by: 'worker', to: 'in_progress' },
    ],
  },
  completed: {
    lifecycle: 'change-control',
    moves: [
      { by: 'planner', to: 'assigned' },
      { by: 'worker', to: 'in_progress' },
      { by: 'worker', to: 'completed', completion_summary: 'done', actual_hours: 1 },
    ],
  },
  cancelled: {
    lifecycle: 'change-control',
    moves: [{ by: 'planner', to: 'cancelled', reason: 'not needed' }],
  },
  pending: { lifecycle: 'fleet', moves: [] },
  accepted: { lifecycle: 'fleet', moves: [{ by: 'worker', to: 'accepted' }] },
  working: {
    lifecycle: 'fleet',
    moves: [
      { by: 'worker', to: 'accepted' },
      { by: 'worker', to: 'in_progress' },
    ],
  },
  review: {
    lifecycle: 'fleet',
    moves: [
      { by: 'worker', to: 'accepted' },
      { by: 'worker', to: 'in_progress' },
      { by: 'worker', to: 'review', completion_summary: 'done', actual_hours: 1 },
    ],
  },
}

/** A work order brought to that state by the planner and its assignee. */
export async function makeIn(
  world: World,
  seat: Seat,
  state: string,
  more: Record<string, unknown> = {},
): Promise<Made> {
  const path = paths[state]
  if (path === undefined) throw new Error(`no path to ${state}`)
  const made = await make(world, seat, { lifecycle: path.lifecycle, ...more })
  for (const { by, ...move } of path.moves) {
    const worker = seat.tie === 'assignee' ? seat.key : world.fixture.keyOf('Lee Lab')
    const key = by === 'planner' ? world.fixture.keyOf('Pat Planner') : worker
    const url = `${world.fixture.url}/v1/work-orders/${made.id}/transitions`
    const reply = await send(url, key, 'POST', move)
    assert.equal(reply.status, 200, `${state} for ${seat.column}: ${reply.text}`)
  }
  return made
}

/** Attaches a small file; the reply as it came. */
export async function upload(
  url: string,
  key: string | undefined,
  name: string,
  text: string,
): Promise<Reply> {
  const form = new FormData()
  form.set('file', new Blob([text], { type: 'text/plain' }), name)
  const response = await fetch(url, {
    method: 'POST',
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    body: form,
  })
  const body = await response.text()
  return { status: response.status, body: JSON.parse(body), headers: response.headers, text: body }
}
