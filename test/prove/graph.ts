/**
 * 64 clients tie and untie work orders at random, in one tree and in many: dependencies, removals, moves. There must
 * never be a cycle, looked for by a search of its own; nobody hears of a deadlock; and a refusal names a path whose
 * every step was really there.
 */
import assert from 'node:assert/strict'
import { Client } from 'pg'
import { openFixture } from '../fixture.ts'
import type { Fixture, Reply } from '../fixture.ts'
import { assertInOrder } from './races.ts'
import { openReplicas } from './race-world.ts'
import { openRandom } from './proof.ts'
import type { Figures, Proof, Random } from './proof.ts'

const sizes = {
  small: { operations: 900, inOneTree: 25, trees: 6, inEach: 8 },
  full: { operations: 100_000, inOneTree: 120, trees: 40, inEach: 20 },
} as const
const clients = 64

type Grove = {
  readonly fixture: Fixture
  readonly client: Client
  readonly random: Random
  readonly numbers: readonly string[]
  /** The same by the tree in which they were planted. */
  readonly groves: readonly (readonly string[])[]
  /** Steps `from to`, what finishes before what: how often each was accepted, or is asked for just now. */
  readonly steps: Map<string, number>
  /** What waits for what, as far as anybody was told. */
  readonly ties: (readonly [predecessor: string, waiting: string])[]
  readonly tally: Map<string, number>
}

export async function proveGraph(proof: Proof): Promise<Figures> {
  const fixture = await openFixture()
  const client = new Client({ connectionString: fixture.adminUrl })
  await client.connect()
  const replicas = await openReplicas(fixture)
  const size = sizes[proof.size]
  const random = openRandom(proof.seed)
  const tally = new Map<string, number>()
  try {
    const one = await plant(fixture, client, random, tally, [size.inOneTree])
    await work(one, size.operations / 2)
    proof.say('one tree: no cycle')
    const many = await plant(
      fixture,
      client,
      random,
      tally,
      Array.from({ length: size.trees }, () => size.inEach),
    )
    await work(many, size.operations / 2)
    proof.say(`${size.trees} trees: no cycle`)
    // Enough of each kind, or nothing was shown.
    for (const kind of ['tied', 'untied', 'moved', 'cycle refused'])
      assert.ok((tally.get(kind) ?? 0) >= 10, `${kind}: ${tally.get(kind)}`)
    return {
      clients,
      operations: size.operations,
      ...Object.fromEntries(tally),
      entries: await assertInOrder(replicas),
    }
  } finally {
    await replicas.close()
    await client.end()
    await fixture.close()
  }
}

/** Trees of so many work orders each, without dependencies. */
async function plant(
  fixture: Fixture,
  client: Client,
  random: Random,
  tally: Map<string, number>,
  trees: readonly number[],
): Promise<Grove> {
  const groves: string[][] = []
  const steps = new Map<string, number>()
  for (const [t, many] of trees.entries()) {
    const work_orders = Array.from({ length: many }, (_, i) => ({
      key: `k${i}`,
      title: `Tree ${t}, ${i}`,
      lifecycle: 'change-control',
      ...(i === 0 ? {} : { parent: `k${random.int(i)}` }),
    }))
    const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders/batch', { work_orders })
    assert.equal(made.status, 201, made.text)
    groves.push((made.body.data as { number: string }[]).map(({ number }) => number))
  }
  const grove = { fixture, client, random, numbers: groves.flat(), groves, steps, tally, ties: [] }
  for (const [from, to] of await readSteps(grove)) add(steps, `${from} ${to}`)
  return grove
}

async function work(grove: Grove, operations: number): Promise<void> {
  let left = operations
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await act(grove)
    }
  }
  const rounds = 5
  for (let round = 1; round <= rounds; round += 1) {
    const rest = operations - (operations / rounds) * round
    left = operations / rounds
    await Promise.all(Array.from({ length: clients }, lane))
    assert.deepEqual(findCycle(await readSteps(grove)), [], `a cycle, with ${rest} to go`)
  }
}

async function act({ fixture, random, numbers, groves, steps, tally, ties }: Grove): Promise<void> {
  const chance = random.next()
  const isUntying = chance >= 0.6 && chance < 0.8 && ties.length > 0
  // Mostly within what was one tree: otherwise the trees soon are one, and little else is seen than other trees.
  const own = random.pick(groves)
  const isStray = random.next() < (chance < 0.8 ? 0.1 : 0.03)
  const [a, b] = isUntying ? random.pick(ties) : [random.pick(isStray ? numbers : own), random.pick(own)]
  const call = (method: string, path: string, body?: object): Promise<Reply> =>
    fixture.call('Pat Planner', method, `/v1/work-orders/${b}/${path}`, body)
  // Written down before the answer: somebody else may be refused by it before we hear of it.
  const asked = isUntying ? undefined : chance < 0.8 ? `${a} ${b}` : `${b} ${a}`
  if (asked !== undefined) add(steps, asked)
  const [kind, reply] =
    !isUntying && chance < 0.8
      ? ['tied', await call('POST', 'dependencies', { predecessor: a, lag_hours: random.int(3) })]
      : isUntying
        ? ['untied', await call('DELETE', `dependencies/${a}`)]
        : ['moved', await call('POST', 'parent', { parent: a })]
  const count = (name: string): void => void tally.set(name, (tally.get(name) ?? 0) + 1)
  if (reply.status === 200) {
    if (kind === 'tied') ties.push([a, b])
    return count(kind)
  }
  assert.equal(reply.status, 409, `${a} ${b} ${kind}: ${reply.text}`)
  assert.equal(reply.body.code, 'tree_refused', reply.text)
  const { rule, path } = reply.body as { rule: string; path: string[] }
  count(`${rule} refused`)
  if (rule === 'cycle') assertPath(steps, path, reply.text)
  if (asked !== undefined) add(steps, asked, -1)
}

function add(steps: Map<string, number>, step: string, times = 1): void {
  steps.set(step, (steps.get(step) ?? 0) + times)
}

/** Each step was made by somebody, or is the one that was refused. */
function assertPath(steps: ReadonlyMap<string, number>, path: readonly string[], text: string): void {
  assert.ok(path.length >= 2 && path[0] === path.at(-1), text)
  for (const [i, from] of path.slice(0, -1).entries())
    assert.ok(
      (steps.get(`${from} ${path[i + 1]}`) ?? 0) > 0,
      `${from} never finished before ${path[i + 1]}: ${text}`,
    )
}

/** What finishes before what, as the records themselves say it: not read from the index of trees. */
async function readSteps({ client }: Pick<Grove, 'client'>): Promise<(readonly [string, string])[]> {
  const { rows } = await client.query<{ from: string; to: string }>(
    `select c.number as "from", p.number as "to" from work_orders c join work_orders p on p.id = c.parent_id
     union all
     select p.number, w.number from work_orders w,
            jsonb_to_recordset(w.predecessors) as e (id uuid) join work_orders p on p.id = e.id`,
  )
  return rows.map(({ from, to }) => [from, to] as const)
}

/** What is left when everything that waits for nothing is taken away, again and again. */
function findCycle(steps: readonly (readonly [string, string])[]): string[] {
  let left = steps
  for (;;) {
    const waiting = new Set(left.map(([, to]) => to))
    const next = left.filter(([from]) => waiting.has(from))
    if (next.length === left.length) return next.map(([from, to]) => `${from} → ${to}`)
    left = next
  }
}
