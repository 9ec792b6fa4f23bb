/**
 * Exporting an inspection pack (21 CFR 11.10(b)): copies of records, in a form for people and in one for machines.
 * The operation decides what goes into it; the door streams it. It is a GET, because it changes no record: that it
 * was done is an entry all the same.
 */
import { z } from 'zod'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { findAssetByRef } from '../asset/store.ts'
import { loadTenant } from '../tenant/store.ts'
import { assetRef, workOrderRef } from '../work-order/schema.ts'
import { loadWorkOrder } from '../work-order/store.ts'
import type { PackOrder, ShownScope } from './pack.ts'
import { countScope } from './store.ts'
import type { Scope } from './store.ts'

/** Of a record there are seven files and its attachments; a .zip has 65,535, and the verifier reads 2 GiB. */
const mostFiles = 60_000
const filesOfARecord = 7
const mostBytes = 1_500_000_000

/** The parser of dates takes the 30th of February for a day in March. */
function isDay(value: string): boolean {
  const at = Date.parse(`${value}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value)
}
const day = z
  .string()
  .regex(/^(?:19|20|21)\d\d-\d\d-\d\d$/, 'must be a day, YYYY-MM-DD')
  .refine(isDay, 'must be a day')

const input = z
  .strictObject({
    work_order: workOrderRef.optional(),
    asset: assetRef.optional(),
    from: day.optional().describe('first day of a period (UTC): records with an entry in it'),
    to: day.optional().describe('last day of the period, included'),
    since: z
      .int()
      .min(1)
      .optional()
      .describe('size of a checkpoint that you keep: the pack proves that the log grew out of it'),
  })
  .refine(
    ({ work_order, asset, from, to }) =>
      [work_order, asset, from ?? to].filter((one) => one !== undefined).length === 1 &&
      (from === undefined) === (to === undefined),
    'say one of work_order, asset, or from and to',
  )
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  })

/** What the door streams: everything but the witnesses, which it knows. */
const plan = z.object({
  name: z.string(),
  records: z.int(),
  since: z.int().optional(),
  shown: z.record(z.string(), z.string()),
  scope: z.union([
    z.object({ kind: z.literal('work_order'), id: z.string() }),
    z.object({ kind: z.literal('asset'), id: z.string() }),
    z.object({ kind: z.literal('period'), from: z.string(), until: z.string() }),
  ]),
})
export type PackPlan = Omit<PackOrder, 'witnesses'> & { readonly name: string }

export const exportPack = operation({
  name: 'pack.export',
  summary:
    'Export an inspection pack: records for people and for machines, with all that proves them, as one .zip',
  http: ['GET', '/v1/packs'],
  permission: { kinds: ['human'], roles: ['auditor', 'qa', 'admin', 'system_owner', 'assigner'] },
  mutates: false,
  download: true,
  mcp: false,
  example: '--work-order WO-2026-000001 > pack.zip',
  input,
  output: plan,
  async run(tx, _actor, given) {
    const found = await findScope(tx, given)
    if (!found.ok) return found
    const { scope, shown } = found.value
    const { records, files, bytes } = await countScope(tx, scope)
    if (records === 0) return refuse({ code: 'not_found', what: 'a work order of this scope' })
    if (records * filesOfARecord + files > mostFiles || bytes > mostBytes)
      return refuse(tooMuch(records, bytes))
    const { slug } = await loadTenant(tx)
    const since = given.since === undefined ? {} : { since: given.since }
    return accept({ name: `docket-${slug}-${toFileName(shown)}.zip`, records, shown, scope, ...since })
  },
})

type Input = z.output<typeof input>

async function findScope(
  tx: Tx,
  { work_order: ref, asset: tag, from = '', to = '' }: Input,
): Promise<Decision<{ scope: Scope; shown: ShownScope }>> {
  if (ref !== undefined) {
    const workOrder = await loadWorkOrder(tx, ref)
    if (workOrder === undefined) return refuse({ code: 'not_found', what: 'work order' })
    const { id, number } = workOrder
    return accept({ scope: { kind: 'work_order', id }, shown: { work_order: number } })
  }
  if (tag !== undefined) {
    const asset = await findAssetByRef(tx, tag)
    if (asset === undefined) return refuse({ code: 'not_found', what: 'asset' })
    return accept({ scope: { kind: 'asset', id: asset.id }, shown: { asset: asset.tag } })
  }
  const until = new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000).toISOString()
  return accept({
    scope: { kind: 'period', from: `${from}T00:00:00Z`, until },
    shown: { from, to },
  })
}

const tooMuch = (records: number, bytes: number): Refusal => ({
  code: 'invalid_input',
  errors: [
    {
      path: '',
      message: `these are ${records} records with ${Math.ceil(bytes / 1e6)} MB of attachments, more than one pack holds: export a shorter period, or one asset`,
    },
  ],
})

const toFileName = (shown: ShownScope): string =>
  Object.values(shown)
    .join('-to-')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
