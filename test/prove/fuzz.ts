/**
 * Bad input everywhere gets a clear refusal: generated requests over all operations and doors, and never a
 * 500. Afterwards the service is well, every chain is whole, and good requests do what they should.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { operations } from '#capabilities/index.ts'
import { offeredTools } from '#edges/mcp.ts'
import { startSealer } from '#capabilities/log/sealer.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { openTestSealing } from '../sealing.ts'
import { assertChains, assertCommitOrder, assertVerified } from './chains.ts'
import { findFault, limitOf } from './fuzz-check.ts'
import { mcp } from './fuzz-mcp.ts'
import { accounts, odd } from './fuzz-odd.ts'
import type { Shot } from './fuzz-request.ts'
import { rest } from './fuzz-rest.ts'
import { exchange } from './fuzz-wire.ts'
import type { Heard } from './fuzz-wire.ts'
import { makeWorld } from './fuzz-world.ts'
import type { World } from './fuzz-world.ts'
import { percentile } from './proof.ts'
import type { Figures, Proof } from './proof.ts'

const requests = { small: 3000, full: 20_000 } as const
const atOnce = 8
const batch = 500

const shot = fc.oneof(
  { weight: 74, arbitrary: rest },
  { weight: 18, arbitrary: mcp },
  { weight: 6, arbitrary: odd },
  { weight: 2, arbitrary: accounts },
)

type Tally = {
  readonly statuses: Map<string, number>
  readonly ms: number[]
  readonly faults: string[]
  /** Operations and tools that did at least once what they are for. */
  readonly reached: Set<string>
  succeeded: number
}

export async function proveFuzz(proof: Proof): Promise<Figures> {
  const fixture = await openFixture()
  // A pack waits until what it shows is in the log.
  const sealer = startSealer(openTestSealing(fixture), () => undefined)
  try {
    const world = await makeWorld(fixture)
    const tally: Tally = { statuses: new Map(), ms: [], faults: [], reached: new Set(), succeeded: 0 }
    const many = requests[proof.size]
    for (let from = 0; from < many; from += batch) {
      if (from > 0) await world.renew()
      const shots = fc.sample(shot, { seed: proof.seed + from, numRuns: Math.min(batch, many - from) })
      await fire(fixture, world, shots, from, tally)
      proof.say(`${from + shots.length} requests, ${tally.faults.length} faults`)
    }
    const first = tally.faults.slice(0, 10).join('\n\n')
    assert.equal(tally.faults.length, 0, `${tally.faults.length} faults with seed ${proof.seed}\n\n${first}`)
    await assertWell(fixture)
    const entries = await assertChains(fixture.adminUrl)
    assertCommitOrder(entries)
    await assertVerified(fixture.adminUrl, entries)
    return toFigures(many, tally, entries.length)
  } finally {
    await sealer.stop()
    await fixture.close()
  }
}

function toFigures(many: number, tally: Tally, entries: number): Figures {
  const missed = listMissed(tally)
  return {
    requests: many,
    'answered with success': tally.succeeded,
    'operations and tools that never succeeded': missed.length === 0 ? 'none' : missed.join(', '),
    ...Object.fromEntries([...tally.statuses].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    'slowest, ms': Math.round(Math.max(...tally.ms)),
    'p99, ms': Math.round(percentile(tally.ms, 0.99)),
    'entries written meanwhile': entries,
  }
}

/** What was asked for and never done: there, only the refusals were looked at. */
function listMissed({ reached }: Tally): string[] {
  const all = [...operations.map(({ name }) => name), ...offeredTools.map(({ name }) => `mcp ${name}`)]
  return all.filter((name) => !reached.has(name))
}

async function fire(
  fixture: Fixture,
  world: World,
  shots: readonly Shot[],
  from: number,
  tally: Tally,
): Promise<void> {
  let next = 0
  const gunner = async (): Promise<void> => {
    for (let i = next++; i < shots.length; i = next++) {
      const one = shots[i]
      if (one === undefined) return
      const bytes = one.toBytes(world.fill(one.principal))
      const heard = await exchange(fixture.url, bytes, one.isWhole, limitOf(one))
      const what = heard.status === 0 ? 'closed without an answer' : `answered ${heard.status}`
      tally.statuses.set(what, (tally.statuses.get(what) ?? 0) + 1)
      tally.ms.push(heard.ms)
      if (isDone(one, heard)) {
        tally.succeeded += 1
        tally.reached.add(one.about.replace(' (spoilt)', ''))
      }
      const fault = findFault(one, bytes, heard)
      if (fault === undefined) continue
      const path = join(tmpdir(), `docket-fuzz-${from + i}.txt`)
      writeFileSync(
        path,
        Buffer.concat([bytes, Buffer.from(`\n\n---- answer ${heard.status} ----\n${heard.text}`)]),
      )
      const shown = bytes
        .toString('utf8')
        .replaceAll(/authorization: .*\r\n/gi, '')
        .slice(0, 600)
      tally.faults.push(
        `request ${from + i} (${one.about}, ${one.principal}): ${fault}\n${shown}\n→ ${heard.status} ${heard.text.slice(0, 400)}\n(whole in ${path})`,
      )
    }
  }
  await Promise.all(Array.from({ length: atOnce }, gunner))
}

/** Over MCP a refusal is an answer of 200 too. */
const isDone = ({ isMcp }: Shot, { status, text }: Heard): boolean =>
  status >= 200 && status < 300 && (!isMcp || (text.includes('"result"') && !text.includes('"isError":true')))

/** After all that: the service answers, and a work order goes its whole way. */
async function assertWell(fixture: Fixture): Promise<void> {
  for (const path of ['/healthz', '/readyz'])
    assert.equal((await fixture.call(undefined, 'GET', path)).status, 200)
  const made = await fixture.call('夏哥', 'POST', '/v1/work-orders', {
    title: '[Fuzz-After] still works',
    assignee: 'Mac CLI 小克',
  })
  assert.equal(made.status, 201, made.text)
  const path = `/v1/work-orders/${made.body.id}/transitions`
  const steps = [
    ['Mac CLI 小克', { to: 'accepted' }],
    ['Mac CLI 小克', { to: 'in_progress' }],
    ['Mac CLI 小克', { to: 'review', completion_summary: 'done', actual_hours: 1 }],
    ['夏哥', { to: 'approved', review_notes: 'good' }],
  ] as const
  for (const [principal, body] of steps) {
    const moved = await fixture.call(principal, 'POST', path, body)
    assert.equal(moved.status, 200, moved.text)
  }
  const found = await fixture.call('Ada Admin', 'GET', '/v1/work-orders?limit=200&q=leak')
  assert.equal(found.status, 200)
  assert.ok(found.body.data.length > 0)
}
