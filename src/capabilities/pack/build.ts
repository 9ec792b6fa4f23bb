/**
 * Builds a pack from one moment of the database, once the log has sealed all that this moment shows. The export is
 * an entry of the tenant, committed before the manifest goes out: nobody has a whole pack of which the log does
 * not know.
 */
import { setTimeout } from 'node:timers/promises'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import type { Call, Floor, Tx } from '#platform/tx.ts'
import { inTenant } from '#platform/tx.ts'
import { Unavailable } from '#platform/error.ts'
import type { Sink } from '#platform/zip.ts'
import { findCheckpointOver, findLastEntry } from '../log/prove.ts'
import type { CheckpointRow } from '../log/store.ts'
import { loadTenant, lockTenant, updateTenantHead } from '../tenant/store.ts'
import { writeDirectory, writeReading } from './directory.ts'
import { openPack, toJson } from './pack.ts'
import type { Later, Pack, PackOrder } from './pack.ts'
import { writeRecord } from './record-files.ts'
import { sha256 } from '#domain/statement.ts'
import { listScope } from './store.ts'

/** The sealer is at most a second behind; longer waits only who exports beside a large import. */
const longestWaitMs = 5000
/** Witnesses are asked after each sealing; a pack without them is whole, so this is short. */
const witnessWaitMs = 3000
const lookEveryMs = 100
const idsAtOnce = 200
const firstId = '00000000-0000-0000-0000-000000000000'

/** Where the pack goes. `begin` is called once it is certain that there will be one. */
export type PackDoor = { readonly begin: () => void; readonly sink: Sink }

export type PackCall = {
  readonly floor: Floor
  readonly actor: Actor
  readonly call: Call
  readonly order: PackOrder
}

/** Refused before anything is written, or written whole; throws when it breaks off in the middle. */
export async function buildPack(given: PackCall, door: PackDoor): Promise<Decision<{ manifest: string }>> {
  const { floor, actor, call, order } = given
  const bound = { tenantId: actor.tenantId, actor, call }
  const later: Later = async (work) => {
    const decision = await inTenant(floor, bound, async (tx) => accept(await work(tx)))
    if (!decision.ok) throw new Error(`refused: ${decision.refusal.code}`)
    return decision.value
  }
  return inTenant(floor, { ...bound, oneMoment: true }, async (tx) => {
    const tenant = await loadTenant(tx)
    const madeAt = tx.now()
    const covered = await waitForCheckpoint(tx, later, order)
    if (!covered.ok) return covered
    door.begin()
    const opening = { order, tx, later, actor, tenant, madeAt, checkpoint: covered.value }
    const pack = openPack(opening, door.sink)
    try {
      return accept(await writePack(pack))
    } finally {
      await pack.printer.close()
    }
  })
}

/** The log may end behind what this moment shows, never before it. */
async function waitForCheckpoint(
  moment: Tx,
  later: Later,
  { since, witnesses }: PackOrder,
): Promise<Decision<CheckpointRow>> {
  const last = await findLastEntry(moment)
  if (last === undefined) return refuse({ code: 'not_found', what: 'an entry of this tenant' })
  const began = performance.now()
  for (;;) {
    const found = await later((tx) => findCheckpointOver(tx, last.id))
    const waited = performance.now() - began
    const isCosigned = witnesses.length === 0 || (found?.cosignatures.length ?? 0) > 0
    if (found !== undefined && (isCosigned || waited > witnessWaitMs))
      return since !== undefined && since > found.tree_size
        ? refuse(tooYoung(found.tree_size))
        : accept(found)
    if (waited > longestWaitMs)
      throw new Unavailable('the log has not sealed all that the pack would show: a long change is under way')
    await setTimeout(lookEveryMs)
  }
}

const tooYoung = (size: number): Refusal => ({
  code: 'invalid_input',
  errors: [{ path: 'since', message: `the log has ${size} entries` }],
})

async function writePack(pack: Pack): Promise<{ manifest: string }> {
  const { order, tx } = pack
  for (let after = firstId; ;) {
    const ids = await listScope(tx, order.scope, after, idsAtOnce)
    for (const id of ids) await writeRecord(pack, id)
    const last = ids.at(-1)
    if (last === undefined || ids.length < idsAtOnce) break
    after = last
  }
  await writeDirectory(pack)
  await writeReading(pack)
  const manifest = Buffer.from(toJson(toManifest(pack)), 'utf8')
  const hash = sha256(manifest).toString('hex')
  await pack.later((tx2) => recordExport(tx2, pack, hash))
  await pack.zip.add('manifest.json', manifest)
  await pack.zip.close()
  return { manifest: hash }
}

const toManifest = ({ tenant, madeAt, actor, order, files }: Pack): object => ({
  format: 'docket-pack/1',
  tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
  made_at: madeAt,
  made_by: { id: actor.id, name: actor.name },
  scope: order.shown,
  files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
})

/** Who took what out of the system, and when (21 CFR 11.10(b), (d)). */
async function recordExport(tx: Tx, { order, rows }: Pack, manifestHash: string): Promise<void> {
  const tenant = await lockTenant(tx)
  const head = tx.record({
    kind: 'tenant',
    record: tenant,
    action: 'pack_exported',
    changes: [],
    detail: { scope: order.shown, records: rows.length, manifest_sha256: manifestHash },
    newVersion: false,
    at: tenant.locked_at,
  })
  updateTenantHead(tx, tenant, head)
}
