/**
 * The whole program, saying all that it can say, while secrets are planted and leased: nothing of them is in what it logs,
 * answers, streams or exports.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'csv-parse/sync'
import { send } from './fixture.ts'
import type { Json } from './fixture.ts'
import { planted } from './planted-secret.ts'
import { startService } from './service-process.ts'
import { openVaultServer } from './vault-server.ts'

const run = promisify(execFile)
const leased = 'a-word-that-only-the-vault-knows-4711'

test('R-SEC-11 the program logs, streams and exports nothing of a secret; 500 texts of real work orders are taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'docket-secret-'))
  chmodSync(folder, 0o755)
  const vault = await openVaultServer()
  vault.secrets.set('secret/data/lab/hplc', { data: { password: leased }, version: 1 })
  const settings = {
    LOG_LEVEL: 'trace',
    DOCKET_VAULT_ADDR: vault.url,
    DOCKET_VAULT_ROLE_ID: vault.roleId,
    DOCKET_VAULT_SECRET_ID: vault.secretId,
  }
  const said: string[] = []
  const service = await startService(folder, 120_000, { settings, onOutput: (text) => void said.push(text) })
  try {
    const env = { ...process.env, DOCKET_DATA: folder, PORT: String(service.port) }
    const program = new URL('../src/main.ts', import.meta.url).pathname
    const { stdout } = await run(process.execPath, [program, 'demo', 'load', '--json'], { env })
    const keys = JSON.parse(stdout).tenants['acme-bio'] as { readonly [person: string]: string }
    const call = async (
      who: string,
      method: string,
      path: string,
      body?: object,
      accept = 'application/json',
    ) => {
      const reply = await send(`http://127.0.0.1:${service.port}${path}`, keys[who], method, body, { accept })
      said.push(reply.text)
      return reply
    }
    for (const { text } of planted) {
      const { status } = await call('Pat Planner', 'POST', '/v1/work-orders', {
        title: 'x',
        description: text,
      })
      assert.equal(status, 422, text)
    }
    const rows: Json[] = parse(readFileSync(new URL('../data/excavators/work-orders.csv', import.meta.url)), {
      columns: true,
      to: 500,
    })
    const work_orders = rows.map((row: object) => ({
      title: 'A real text',
      description: Object.values(row).join(' · '),
    }))
    assert.equal((await call('Pat Planner', 'POST', '/v1/work-orders/batch', { work_orders })).status, 201)

    const { body: order } = await call('Pat Planner', 'POST', '/v1/work-orders', {
      title: 'Join it',
      description: 'x',
      assignee: 'Lee Lab',
      job_plan: {
        title: 'Join',
        steps: ['x'],
        credentials: [{ name: 'it', ref: 'vault://secret/lab/hplc#password' }],
      },
    })
    const path = `/v1/work-orders/${order.id}`
    await call('Pat Planner', 'POST', `${path}/transitions`, { to: 'assigned' })
    await call('Lee Lab', 'POST', `${path}/transitions`, { to: 'in_progress' })
    const lease = await call('Lee Lab', 'POST', `${path}/credentials/it/lease`, {})
    assert.deepEqual(lease.body.values, { password: leased })
    said.pop()
    for (const accept of ['text/csv', 'application/x-ndjson'])
      await call('Pat Planner', 'GET', '/v1/work-orders?limit=200', undefined, accept)
    for (const read of [`${path}/history`, `${path}/job-plan`, '/v1/events?limit=1000', '/v1/findings'])
      assert.equal((await call('Pat Planner', 'GET', read)).status, 200)
  } finally {
    await service.stop()
    await vault.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const all = said.join('\n')
  assert.ok(all.includes('vault://secret/lab/hplc#password'), 'the place is told')
  assert.ok(all.includes('Docket is at'), 'the log was heard')
  for (const text of [leased, vault.secretId, ...vault.tokens]) assert.ok(!all.includes(text), 'of the vault')
  for (const { kind, text } of planted) assert.ok(!all.includes(text), kind)
})
