/**
 * Kill -9 of the service and of PostgreSQL while clients move work orders: at the end every acknowledged
 * deed is there with its one entry, no key was applied twice, and every chain is whole.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { withClient } from '#platform/database.ts'
import { openArena } from './storm-arena.ts'
import type { Arena } from './storm-arena.ts'
import { assertChains, assertCommitOrder, assertVerified } from './chains.ts'
import type { LoggedEntry } from './chains.ts'
import { openRandom, percentile } from './proof.ts'
import type { Figures, Proof, Random } from './proof.ts'
import { runClient, runReader } from './storm-client.ts'
import type { Acknowledged, Storm } from './storm-client.ts'
import { follow } from './storm-follower.ts'
import type { Follower } from './storm-follower.ts'

const plans = {
  small: { kills: 3, clients: 8, workOrders: 12, between: 60 },
  full: { kills: 20, clients: 16, workOrders: 24, between: 500 },
} as const
const blows = ['service', 'postmaster', 'both', 'backend'] as const
type Blow = (typeof blows)[number]

export async function proveStorm(proof: Proof): Promise<Figures> {
  const arena = await openArena()
  try {
    await arena.startService()
    const storm: Storm = {
      url: arena.url,
      keys: [keyOf(arena, '夏哥'), keyOf(arena, 'Mac CLI 小克')],
      workOrders: await makeWorkOrders(arena, plans[proof.size].workOrders),
      acknowledged: [],
      wrong: [],
      counts: new Map(),
      stopped: false,
      abandoned: false,
    }
    const follower = follow(arena.url, keyOf(arena, '夏哥'))
    try {
      const silences = await rage(proof, arena, storm)
      await assertHealthy(arena, storm)
      const entries = await assertKept(arena.adminUrl(), storm.acknowledged, `storm-${proof.seed}-`)
      await assertHeard(follower, entries)
      return toFigures(proof, storm, silences, entries, follower)
    } finally {
      storm.abandoned = storm.stopped = true
      await follower.stop()
    }
  } finally {
    await arena.remove()
  }
}

/** Deeds and blows, until the last deed is settled; gives for how long each blow was felt. */
async function rage(proof: Proof, arena: Arena, storm: Storm): Promise<number[]> {
  const { clients, kills, between } = plans[proof.size]
  const random = openRandom(proof.seed)
  const running = Array.from({ length: clients }, (_, i) =>
    runClient(storm, `storm-${proof.seed}-${i}`, storm.workOrders[i] ?? '', openRandom(proof.seed + 1 + i)),
  )
  running.push(runReader(storm, await signIn(arena)))
  const silences: number[] = []
  await progress(arena, storm, between)
  for (let kill = 0; kill < kills; kill += 1) {
    const blow = blows[kill % blows.length] ?? 'service'
    const struckAt = await strike(arena, blow, random)
    await progress(arena, storm, between, struckAt)
    const silence = longestSilence(storm, struckAt)
    silences.push(silence)
    proof.say(
      `kill ${kill + 1}/${kills} (${blow}): no answer for ${Math.round(silence)} ms, ${storm.acknowledged.length} acknowledged`,
    )
  }
  storm.stopped = true
  await Promise.all(running)
  return silences
}

function keyOf(arena: Arena, principal: string): string {
  const key = arena.keys['superportia']?.[principal]
  assert.ok(key !== undefined)
  return key
}

/** Somebody with a password, and the cookie of a session. */
async function signIn(arena: Arena): Promise<string> {
  const person = { email: 'reader@example.org', password: 'a password for the storm' }
  const post = (path: string, body: object, headers: Record<string, string>) =>
    fetch(`${arena.url()}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const made = await post(
    '/v1/principals',
    { name: 'Storm Reader', kind: 'human', ...person },
    { authorization: `Bearer ${keyOf(arena, '夏哥')}` },
  )
  assert.equal(made.status, 201, await made.text())
  const signedIn = await post('/auth/sign-in/email', person, {})
  assert.equal(signedIn.status, 200, await signedIn.text())
  return signedIn.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

/** Fleet work orders in progress; assignee and captain may block and resume them without end. */
async function makeWorkOrders(arena: Arena, many: number): Promise<string[]> {
  const call = async (path: string, body: object): Promise<{ id: string }> => {
    const response = await fetch(`${arena.url()}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keyOf(arena, '夏哥')}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.ok(response.ok, await response.clone().text())
    return (await response.json()) as { id: string }
  }
  const ids: string[] = []
  for (let i = 0; i < many; i += 1) {
    const { id } = await call('/v1/work-orders', { title: `[Storm-Proof] ${i}`, assignee: 'Mac CLI 小克' })
    await call(`/v1/work-orders/${id}/transitions`, { to: 'accepted' })
    await call(`/v1/work-orders/${id}/transitions`, { to: 'in_progress' })
    ids.push(id)
  }
  return ids
}

/** The longest time after the blow in which nobody's deed was acknowledged, in milliseconds. */
function longestSilence(storm: Storm, struckAt: number): number {
  let last = struckAt
  let longest = 0
  for (const { answeredAt } of storm.acknowledged) {
    if (answeredAt < struckAt) continue
    longest = Math.max(longest, answeredAt - last)
    last = answeredAt
  }
  return longest
}

/** Until so many deeds that were begun after that moment are acknowledged. */
async function progress(arena: Arena, storm: Storm, many: number, begunAfter = 0): Promise<void> {
  const deadline = performance.now() + 120_000
  const from = storm.acknowledged.length
  const done = (): number => storm.acknowledged.slice(from).filter((one) => one.begunAt > begunAfter).length
  while (done() < many) {
    assert.deepEqual(arena.complaints(), [])
    assert.deepEqual(storm.wrong, [])
    assert.ok(
      performance.now() < deadline,
      `only ${done()} of ${many} deeds were acknowledged in two minutes`,
    )
    await pause(10)
  }
}

/** At any moment of what is going on: mid-request, mid-commit. Gives when the blow had fallen. */
async function strike(arena: Arena, blow: Blow, random: Random): Promise<number> {
  await pause(random.int(30))
  if (blow === 'backend') await arena.killBackend()
  if (blow === 'postmaster' || blow === 'both') arena.killPostmaster()
  if (blow === 'service' || blow === 'both') await arena.killService()
  const at = performance.now()
  if (blow === 'service' || blow === 'both') await arena.startService()
  return at
}

async function assertHealthy(arena: Arena, storm: Storm): Promise<void> {
  assert.deepEqual(storm.wrong, [])
  assert.deepEqual(arena.complaints(), [])
  for (const path of ['/healthz', '/readyz']) {
    assert.equal((await fetch(`${arena.url()}${path}`)).status, 200, path)
  }
}

/** Each acknowledged deed has one entry, made under its key; a key that was not acknowledged has one at most. */
async function assertKept(
  adminUrl: string,
  acknowledged: readonly Acknowledged[],
  mark: string,
): Promise<LoggedEntry[]> {
  const entries = await assertChains(adminUrl)
  assertCommitOrder(entries)
  await assertVerified(adminUrl, entries)
  const byKey = Map.groupBy(
    entries.filter(({ body }) => body.request.startsWith(mark)),
    ({ body }) => body.request.slice(0, body.request.indexOf('/')),
  )
  for (const [key, made] of byKey) {
    assert.equal(made.length, 1, `${key} was done ${made.length} times`)
  }
  for (const { key, id, deed, version } of acknowledged) {
    const entry = byKey.get(key)?.[0]
    assert.ok(entry !== undefined, `${key} was acknowledged and is not there`)
    assert.equal(entry.record_id, id, `${key} changed another record`)
    if (version !== undefined)
      assert.equal(entry.body.version, version, `${key} was answered with another version`)
    assert.equal(entry.action, { transition: entry.action, comment: 'commented', create: 'created' }[deed])
  }
  const kept = await withClient(adminUrl, (client) =>
    client.query<{ key: string }>('select key from idempotency_keys where starts_with(key, $1)', [mark]),
  )
  assert.deepEqual(
    kept.rows.map(({ key }) => key).toSorted(),
    [...byKey.keys()].toSorted(),
    'a key is kept if and only if its deed is there',
  )
  return entries
}

/** Every entry of the tenant, once, in the order of the log. */
async function assertHeard(follower: Follower, entries: readonly LoggedEntry[]): Promise<void> {
  const tenant = entries.find(({ body }) => body.request.startsWith('storm-'))?.tenant_id
  const log = entries
    .filter((entry) => entry.tenant_id === tenant)
    .toSorted((a, b) => (a.xid !== b.xid ? (a.xid < b.xid ? -1 : 1) : a.id < b.id ? -1 : 1))
  const deadline = performance.now() + 20_000
  while (follower.heard.length < log.length && performance.now() < deadline) await pause(20)
  await follower.stop()
  assert.deepEqual(
    follower.heard,
    log.map((entry) => entry.id),
    'the live events are the log',
  )
}

function toFigures(
  { size }: Proof,
  storm: Storm,
  silences: readonly number[],
  entries: readonly LoggedEntry[],
  follower: Follower,
): Figures {
  const { acknowledged, counts } = storm
  const retried = acknowledged.filter((one) => one.attempts > 1)
  return {
    kills: plans[size].kills,
    clients: plans[size].clients,
    acknowledged: acknowledged.length,
    'of these transitions': acknowledged.filter((one) => one.deed === 'transition').length,
    'needed more than one attempt': retried.length,
    'done before the answer was lost': retried.filter((one) => one.replayed).length,
    'refused (moved by another)': counts.get('409') ?? 0,
    'answered 503': counts.get('503') ?? 0,
    'connection lost': counts.get('connection lost') ?? 0,
    'reads with a session': counts.get('read 200') ?? 0,
    'reads answered 503': counts.get('read 503') ?? 0,
    entries: entries.length,
    'live events heard': follower.heard.length,
    'times the listener came back': follower.reconnects(),
    'silent after a kill, median ms': Math.round(percentile(silences, 0.5)),
    'silent after a kill, longest ms': Math.round(Math.max(...silences)),
  }
}
