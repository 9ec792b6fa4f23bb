/** Operations that think: what they hold, who waits for them, and what ends them. Against a real database. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { loadOperator } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { everyone, thinkingOperation } from '#platform/operation.ts'
import type { Thinking } from '#platform/operation.ts'
import { perform } from '#platform/perform.ts'
import { openFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let fixture: Fixture
let acme: Operator
let other: Operator
before(async () => {
  fixture = await openFixture()
  const [one, two] = await Promise.all(
    Object.keys(fixture.keys).map((slug) => loadOperator(fixture.service.floor, slug)),
  )
  assert.ok(one !== undefined && two !== undefined)
  acme = one
  other = two
})
after(() => fixture.close())

type Thought = (thinking: Thinking) => Promise<unknown>

/** Loads which tenant asks, and then does what the test says. */
const toOperation = (thought: Thought, loaded: string[] = []) =>
  thinkingOperation({
    name: 'test.think',
    summary: 'Think',
    http: ['POST', '/v1/test-think'],
    permission: everyone,
    mutates: false,
    input: z.strictObject({ says: z.string() }),
    output: z.object({ said: z.string(), held: z.number() }),
    async run(tx, _actor, { says }) {
      const [row] = await tx.rows<{ at: string }>`select now() as at`
      assert.ok(row)
      loaded.push(says)
      return accept({ says, held: connectionsHeld() })
    },
    async think({ says, held }, thinking) {
      await thought(thinking)
      return says === 'no' ? refuse({ code: 'not_found', what: says }) : accept({ said: says, held })
    },
  })

function connectionsHeld(): number {
  const { pool } = fixture.service.floor.db
  return pool.totalCount - pool.idleCount
}

const ask = (
  operation: ReturnType<typeof toOperation>,
  actor: Operator,
  says: string,
  signal?: AbortSignal,
): ReturnType<typeof perform> =>
  perform(fixture.service.floor, operation, actor, { says }, { requestId: 'test', signal })

test('R-OPS-6 what thinks holds no connection, and its answer is the one of its thinking', async () => {
  const held: number[] = []
  const operation = toOperation(async () => held.push(connectionsHeld()))
  const answer = await ask(operation, acme, 'yes')
  assert.deepEqual(answer, { ok: true, value: { output: { said: 'yes', held: 1 }, replayed: false } })
  assert.deepEqual(held, [0])
  assert.deepEqual(await ask(operation, acme, 'no'), {
    ok: false,
    refusal: { code: 'not_found', what: 'no' },
  })
})

test('R-OPS-6 one of a tenant thinks at a time, who waits has loaded nothing, and other tenants do not wait', async () => {
  const begun = Promise.withResolvers<undefined>()
  const gate = Promise.withResolvers<undefined>()
  const loaded: string[] = []
  const operation = toOperation(async () => {
    begun.resolve(undefined)
    await gate.promise
  }, loaded)
  const first = ask(operation, acme, 'first')
  await begun.promise
  const waiting = Array.from({ length: 15 }, (_, i) => ask(operation, acme, `waiting ${i}`))
  assert.deepEqual(await ask(operation, acme, 'one too many'), {
    ok: false,
    refusal: { code: 'too_many_requests', retryAfterSeconds: 10 },
  })
  const elsewhere = await ask(
    toOperation(() => Promise.resolve()),
    other,
    'elsewhere',
  )
  assert.ok(elsewhere.ok)
  assert.deepEqual(loaded, ['first'])
  gate.resolve(undefined)
  const answers = await Promise.all([first, ...waiting])
  assert.ok(answers.every(({ ok }) => ok))
  assert.equal(loaded.length, 16)
})

test('R-OPS-6 who is gone is not thought for', async () => {
  const begun = Promise.withResolvers<undefined>()
  let thoughts = 0
  const operation = toOperation(async ({ signal }) => {
    thoughts += 1
    begun.resolve(undefined)
    const ended = Promise.withResolvers<undefined>()
    signal.addEventListener('abort', () => ended.resolve(undefined))
    await ended.promise
    signal.throwIfAborted()
  })
  const [here, alsoHere] = [new AbortController(), new AbortController()]
  const first = ask(operation, acme, 'first', here.signal)
  await begun.promise
  const second = ask(operation, acme, 'second', alsoHere.signal)
  alsoHere.abort()
  here.abort()
  for (const one of [first, second]) await assert.rejects(one, { name: 'AbortError' })
  assert.equal(thoughts, 1)
})
