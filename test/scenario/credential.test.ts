/** Credentials of a plan over REST, from a vault that fails in every way; and nothing of a secret anywhere else. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { withClient } from '#platform/database.ts'
import { must, openFixture, send } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { planted } from '../planted-secret.ts'
import { openVaultServer } from '../vault-server.ts'
import type { VaultServer } from '../vault-server.ts'
import { openReplica } from './replica.ts'
import type { Replica } from './replica.ts'

const [planner, worker] = ['Pat Planner', 'Lee Lab']
const secret = 'mellow-otter-4711-not-to-be-seen'
let fixture: Fixture
let vault: VaultServer
let replica: Replica
before(async () => {
  fixture = await openFixture()
  vault = await openVaultServer()
  replica = await openReplica(fixture, {
    DOCKET_VAULT_ADDR: vault.url,
    DOCKET_VAULT_ROLE_ID: vault.roleId,
    DOCKET_VAULT_SECRET_ID: vault.secretId,
  })
})
after(async () => {
  await replica.close()
  await vault.close()
  await fixture.close()
})
beforeEach(() => {
  vault.state = 'open'
  vault.secrets.set('secret/data/it/HPLC-01', { data: { password: secret }, version: 3 })
})

const call = (who: string, method: string, path: string, body?: object, headers = {}): Promise<Reply> =>
  send(`${replica.url}${path}`, fixture.keyOf(who), method, body, headers)
const at = (id: string, path = ''): string => `/v1/work-orders/${id}${path}`
const lease = (who: string, id: string, name = 'install', headers = {}): Promise<Reply> =>
  call(who, 'POST', at(id, `/credentials/${name}/lease`), {}, headers)
const move = (who: string, id: string, to: string, more: object = {}): Promise<Reply> =>
  call(who, 'POST', at(id, '/transitions'), { to, reason: 'as planned', ...more })

/** A regulatory one would need its signatures first: what is shown here does not depend on that. */
async function make(state: 'draft' | 'in_progress', fields: object = {}): Promise<string> {
  const { id } = await must(
    call(planner, 'POST', '/v1/work-orders', {
      title: 'Join HPLC-01 to the domain',
      description: 'x',
      assignee: worker,
      job_plan: {
        title: 'Join',
        steps: [{ key: 'join', kind: 'instruction', text: 'Join it', credential: 'install' }],
        credentials: [
          { name: 'install', ref: 'vault://secret/it/HPLC-01#password', purpose: 'joins the machine' },
          { name: 'cloud', ref: 'gcp-sm://projects/lab/secrets/lims' },
          { name: 'here', ref: 'env://DOCKET_CREDENTIAL_HERE' },
        ],
      },
      ...fields,
    }),
    201,
  )
  if (state === 'draft') return id
  await must(move(planner, id, 'assigned'))
  await must(move(worker, id, 'in_progress'))
  return id
}

/** Everything that the database holds of tenants, as text; the tables of the account library too. */
const dumpAll = (): Promise<string> =>
  withClient(fixture.adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'auth')`,
    )
    const pieces: string[] = []
    for (const { name } of rows) {
      const found = await client.query<{ text: string | null }>(
        `select string_agg(t::text, '|') as text from ${name} t`,
      )
      pieces.push(found.rows[0]?.text ?? '')
    }
    const { rows: bodies } = await client.query<{ body: string }>(
      `select convert_from(body, 'UTF8') as body from entries`,
    )
    return [...pieces, ...bodies.map(({ body }) => body)].join('\n')
  })

test('R-CRD-7 the assignee gets it while the work is under way, nobody else and at no other time; each use is an entry', async () => {
  const draft = await make('draft')
  const early = await lease(worker, draft)
  assert.deepEqual([early.status, early.body.code], [409, 'not_under_way'])
  const id = await make('in_progress')
  for (const who of [planner, 'Olga Owner', 'Ada Admin', 'Build Agent'])
    assert.deepEqual(
      [(await lease(who, id)).status, (await lease(who, id)).body.code],
      [403, 'role_required'],
      who,
    )
  assert.equal((await lease('Vik Vendor', id)).status, 404)
  assert.equal((await lease(worker, id, 'nothing')).status, 404)
  const given = await must(lease(worker, id))
  assert.deepEqual([given.values, given.version, given.credential], [{ password: secret }, 3, 'install'])
  await must(call(worker, 'POST', at(id, '/hold'), { reason: 'a pause' }))
  assert.equal((await lease(worker, id)).body.code, 'held')
  await must(call(worker, 'DELETE', at(id, '/hold'), { reason: 'on' }))
  const { data } = await must(call(planner, 'GET', at(id, '/history')))
  const used = data.filter(({ action }: Json) => action === 'credential_leased')
  assert.deepEqual(
    used.map(({ actor, detail }: Json) => [actor.name, detail]),
    [[worker, { credential: 'install', ref: 'vault://secret/it/HPLC-01#password', version: 3 }]],
  )
})

test('R-CRD-8 the vault down, sealed, its token ended, the path missing: the step says so, nothing is lost, the retry works', async () => {
  const id = await make('in_progress')
  const cases = [
    ['sealed', () => (vault.state = 'sealed'), 503, 'credential_unavailable', 'sealed'],
    ['down', () => (vault.state = 'silent'), 503, 'credential_unavailable', 'unreachable'],
    ['standby', () => (vault.state = 'standby'), 503, 'credential_unavailable', 'busy'],
    ['path missing', () => vault.secrets.clear(), 409, 'credential_refused', 'path_missing'],
  ] as const
  for (const [what, breakIt, status, code, cause] of cases) {
    const earlier = await must(call(planner, 'GET', at(id)))
    breakIt()
    const { status: given, body } = await lease(worker, id)
    assert.deepEqual([given, body.code, body.cause], [status, code, cause], what)
    const plan = await must(call(worker, 'GET', at(id, '/job-plan')))
    const { last } = plan.credentials.find(({ name }: Json) => name === 'install')
    assert.deepEqual([last.leased, last.by, last.says], [false, worker, body.says], what)
    assert.deepEqual(await must(call(planner, 'GET', at(id))), earlier, 'the work order is as it was')
    vault.state = 'open'
    vault.secrets.set('secret/data/it/HPLC-01', { data: { password: secret }, version: 3 })
    assert.deepEqual((await must(lease(worker, id))).values, { password: secret }, `${what}: the retry`)
  }
  vault.revokeAll()
  assert.deepEqual(
    (await must(lease(worker, id))).values,
    { password: secret },
    'a token that ended is replaced',
  )
  const shown = await must(call(worker, 'GET', at(id, '/job-plan')))
  assert.equal(shown.credentials[0].last.leased, true)
  await must(call(worker, 'POST', at(id, '/steps/join'), {}))
  await must(move(worker, id, 'completed', { completion_summary: 'joined', actual_hours: 1 }))
})

test('R-CRD-9 what is not connected says so; the environment only where that is switched on', async () => {
  const id = await make('in_progress')
  for (const name of ['cloud', 'here']) {
    const { status, body } = await lease(worker, id, name)
    assert.deepEqual([status, body.code, body.cause], [409, 'credential_refused', 'not_connected'])
  }
  process.env['DOCKET_CREDENTIAL_HERE'] = secret
  const development = await openReplica(fixture, { DOCKET_ENV_CREDENTIALS: 'on' })
  try {
    const reply = await send(
      `${development.url}${at(id, '/credentials/here/lease')}`,
      fixture.keyOf(worker),
      'POST',
      {},
    )
    assert.deepEqual(reply.body.values, { value: secret })
  } finally {
    delete process.env['DOCKET_CREDENTIAL_HERE']
    await development.close()
  }
})

test('R-CRD-10 a repeated request gets no secret again, and nothing of one is kept anywhere', async () => {
  const id = await make('in_progress')
  const headers = { 'idempotency-key': 'lease-once' }
  assert.deepEqual((await must(lease(worker, id, 'install', headers))).values, { password: secret })
  const again = await must(lease(worker, id, 'install', headers))
  assert.deepEqual([again.values, again.credential], [{}, 'install'])
  const dump = await dumpAll()
  assert.ok(dump.includes('vault://secret/it/HPLC-01#password'), 'the place is kept')
  for (const text of [secret, vault.secretId, ...vault.tokens]) assert.ok(!dump.includes(text))
})

const planOf = (text: string): object => ({
  title: 'Plan',
  steps: ['first', { key: 'a', kind: 'check', text }],
})

test('R-SEC-10 planted secrets are refused wherever they are written, and nothing of them is kept or repeated', async () => {
  const id = await make('draft')
  const writes: readonly (readonly [path: string, write: (text: string) => Promise<Reply>])[] = [
    ['title', (text) => call(planner, 'POST', '/v1/work-orders', { title: text })],
    ['job_plan.steps.1.text', (text) => call(planner, 'PATCH', at(id), { job_plan: planOf(text) })],
    ['attributes.note', (text) => call(planner, 'PATCH', at(id), { attributes: { note: text } })],
    ['body', (text) => call(worker, 'POST', at(id, '/comments'), { body: text })],
    ['notes', (text) => move(planner, id, 'assigned', { notes: text })],
    [
      'body.description',
      (text) =>
        call(planner, 'POST', '/v1/templates', {
          name: 'x',
          body: { lifecycle: 'qms', title: 'x', description: text },
        }),
    ],
    [
      'parameters.excavator',
      (text) =>
        call(planner, 'POST', '/v1/templates/excavator-service/apply', { parameters: { excavator: text } }),
    ],
    [
      'work_orders.0.title',
      (text) => call(planner, 'POST', '/v1/work-orders/batch', { work_orders: [{ title: text }] }),
    ],
    ['to', (text) => move(planner, id, text)],
  ]
  const replies: string[] = []
  for (const [i, { kind, text }] of planted.entries()) {
    const [path, write] = writes[i % writes.length] ?? assert.fail()
    const { status, body, text: said } = await write(text)
    assert.deepEqual(
      [status, body.code, body.found],
      [422, 'secret_in_text', [{ path, kind }]],
      `${kind}: ${said}`,
    )
    replies.push(said)
  }
  const everything = `${replies.join('\n')}\n${await dumpAll()}`
  for (const { kind, text } of planted) assert.ok(!everything.includes(text), kind)
})
