import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import {
  formatCheckpoint,
  formatNote,
  listSigners,
  parseNote,
  parseVkey,
  signNote,
} from '#domain/checkpoint.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '#test/fixture.ts'
import type { Fixture } from '#test/fixture.ts'
import { sealAll } from '#test/sealing.ts'
import { formatOffer } from '#test/small-log.ts'
import { startWitness, stopWitnesses } from '#test/witness-process.ts'
import type { WitnessProcess } from '#test/witness-process.ts'
import { openWitnesses } from '../../adapters/witness.ts'
import { unwrapLogKey } from './log-key.ts'
import type { Mismatch, Witness } from './neighbour.ts'
import { offerNewest, openWitnessLoop } from './witness-loop.ts'
import type { WitnessWork } from './witness-loop.ts'

const folder = mkdtempSync(join(tmpdir(), 'docket-loop-'))
let fixture: Fixture
let tenantId = ''
let vkey = ''
before(async () => {
  fixture = await openFixture()
  await sealAll(fixture, 'acme-bio')
  const [row] = await ask<{ tenant_id: string; vkey: string }>(
    `select k.tenant_id, k.vkey from log_keys k join tenants t using (tenant_id) where t.slug = 'acme-bio'`,
  )
  tenantId = row?.tenant_id ?? ''
  vkey = row?.vkey ?? ''
})
after(async () => {
  await stopWitnesses()
  await fixture.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As superuser and without triggers: whatever damage is wanted. */
const ask = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    return (await client.query<Row>(text, values)).rows
  })

const start = (name: string, port?: number): Promise<WitnessProcess> =>
  startWitness({
    data: join(folder, name),
    logs: [vkey],
    name: `test/${name}`,
    ...(port === undefined ? {} : { port }),
  })
const clientOf = ({ url, vkey: own }: WitnessProcess): Witness =>
  openWitnesses(`${url}#${own}`)[0] ?? assert.fail()

const raised: Mismatch[] = []
const makeWork = (...witnesses: Witness[]): WitnessWork => ({
  db: fixture.service.floor.db,
  witnesses,
  log: fixture.service.log,
  raise: (tenant, { kind, detail }) => {
    assert.deepEqual([tenant, kind], [tenantId, 'log_mismatch'])
    raised.push(detail)
    return Promise.resolve()
  },
})

async function grow(): Promise<number> {
  const made = await fixture.call('Pat Planner', 'POST', '/v1/work-orders', { title: 'Witnessed' })
  assert.equal(made.status, 201)
  await sealAll(fixture, 'acme-bio')
  return newestSize()
}
const newestSize = async (): Promise<number> =>
  (
    await ask<{ size: number }>(`select max(tree_size) as size from checkpoints where tenant_id = $1`, [
      tenantId,
    ])
  )[0]?.size ?? 0
const cosignedSizes = async (witness: Witness): Promise<number[]> =>
  (
    await ask<{ tree_size: number }>(
      `select tree_size from cosignatures where tenant_id = $1 and witness = $2 order by 1`,
      [tenantId, witness.name],
    )
  ).map(({ tree_size }) => tree_size)

test('R-WIT-14 each newest checkpoint is cosigned with the proof from the one before, and shown with it', async () => {
  const process1 = await start('one')
  const witness = clientOf(process1)
  const work = makeWork(witness)
  const sizes: number[] = []
  for (let round = 0; round < 3; round += 1) {
    sizes.push(await grow())
    assert.equal(await offerNewest(work, tenantId, witness), 'cosigned')
    assert.equal(await offerNewest(work, tenantId, witness), 'nothing new')
  }
  assert.deepEqual(await cosignedSizes(witness), sizes)
  const shown = await fixture.call('Pat Planner', 'GET', '/v1/log/checkpoint')
  const note = parseNote(shown.body.note) ?? assert.fail()
  const keys = [vkey, process1.vkey].map((text) => parseVkey(text) ?? assert.fail())
  assert.equal(listSigners(note, keys).length, 2)
})

test('R-WIT-14 where the lines were lost here, the proof leads from the size that the witness names', async () => {
  const witness = clientOf(await start('lost'))
  const work = makeWork(witness)
  await offerNewest(work, tenantId, witness)
  await ask('delete from cosignatures where tenant_id = $1', [tenantId])
  const size = await grow()
  assert.equal(await offerNewest(work, tenantId, witness), 'cosigned')
  assert.deepEqual(await cosignedSizes(witness), [size])
  // Even the line of this very size.
  await ask('delete from cosignatures where tenant_id = $1', [tenantId])
  assert.equal(await offerNewest(work, tenantId, witness), 'cosigned')
  assert.deepEqual(await cosignedSizes(witness), [size])
  assert.deepEqual(raised, [])
})

test('R-WIT-15 a witness that has seen more than there is, or another past, is a mismatch', async () => {
  const [longer, forked] = [await start('longer'), await start('forked')]
  const size = await newestSize()
  const [key] = await ask<{ id: string; origin: string; wrapped_private: Buffer }>(
    'select id, origin, wrapped_private from log_keys where tenant_id = $1',
    [tenantId],
  )
  assert.ok(key !== undefined)
  const signer = unwrapLogKey(fixture.service.floor.wrap, tenantId, key)
  const sign = (of: number): string => {
    const text = formatCheckpoint({ origin: key.origin, size: of, root: Buffer.alloc(32, 9), extensions: [] })
    return formatNote({ text, signatures: [signNote(text, key.origin, signer)] })
  }
  assert.equal((await longer.add(formatOffer(0, [], sign(size + 50)))).status, 200)
  assert.equal((await forked.add(formatOffer(0, [], sign(size - 1)))).status, 200)
  for (const [witness, why] of [
    [longer, `it has cosigned a log of ${size + 50} entries, but there are ${size} here`],
    [forked, `422 the proof does not lead from what was cosigned at size ${size - 1}`],
  ] as const) {
    raised.length = 0
    const client = clientOf(witness)
    assert.equal(await offerNewest(makeWork(client), tenantId, client), 'mismatch')
    const what = `the witness ${client.name} has seen another log: ${why}`
    assert.deepEqual(raised, [{ what, key: `witness ${client.name}`, tree_size: size }])
    assert.deepEqual(await cosignedSizes(client), [])
  }
  raised.length = 0
})

test('R-WIT-16 a witness that is away keeps nobody waiting, and is asked again', async () => {
  const first = await start('away')
  const port = Number(new URL(first.url).port)
  const asked = new EventEmitter<{ answer: [kind: string] }>()
  const real = clientOf(first)
  const witness: Witness = {
    name: real.name,
    cosign(offer) {
      const answer = real.cosign(offer)
      answer.then(
        ({ kind }) => asked.emit('answer', kind),
        () => asked.emit('answer', 'away'),
      )
      return answer
    },
  }
  await first.kill('SIGKILL')
  const loop = openWitnessLoop(makeWork(witness), 10)
  const began = performance.now()
  const away = once(asked, 'answer')
  loop.sealed(tenantId)
  assert.ok(performance.now() - began < 5)
  assert.deepEqual(await away, ['away'])
  await start('away', port)
  const answered = once(asked, 'answer')
  loop.sealed(tenantId)
  assert.deepEqual(await answered, ['cosigned'])
  assert.ok(performance.now() - began >= 990)
  await loop.close()
  assert.deepEqual(await cosignedSizes(witness), [await newestSize()])
})

test('R-WIT-16 a witness with another log is not asked at every checkpoint', async () => {
  const asked = new EventEmitter<{ answer: [] }>()
  let times = 0
  const witness: Witness = {
    name: 'test/stubborn',
    cosign() {
      times += 1
      asked.emit('answer')
      return Promise.resolve({ kind: 'inconsistent', why: 'no' })
    },
  }
  raised.length = 0
  const loop = openWitnessLoop(makeWork(witness), 1)
  const answered = once(asked, 'answer')
  loop.sealed(tenantId)
  await answered
  for (let i = 0; i < 5; i += 1) {
    await grow()
    loop.sealed(tenantId)
  }
  await loop.close()
  assert.deepEqual([times, raised.length], [1, 1])
})
