/** What was true of an asset, and when; what is part of it; and the code that leads to it. All read, nothing changed. */
import { z } from 'zod'
import { accept, refuse } from '#domain/refusal.ts'
import type { Refusal } from '#domain/refusal.ts'
import { listRecordEntries } from '#platform/entries.ts'
import type { EntryView } from '#platform/entries.ts'
import { operation, staff } from '#platform/operation.ts'
import { encodeQR } from 'qr'
import { assetRef } from '../work-order/schema.ts'
import { assetView, toView } from './operations.ts'
import { listBranch, listOwnerNames, loadAsset } from './store.ts'

const notFound: Refusal = { code: 'not_found', what: 'asset' }

// ------------------------------------------------------------------------------------------------- history

/** What a period is told by: any of these that changes begins another one. */
const told = ['status', 'location', 'owner_id'] as const
const mostEntries = 10_000

const period = z.object({
  status: z.string(),
  location: z.string().nullable(),
  owner: z.string().nullable(),
  from: z.string(),
  until: z.string().nullable().describe('null: it is so now'),
  by: z.string().describe('who made it so'),
  reason: z.string().nullable(),
  version: z.int(),
})

export const history = operation({
  name: 'asset.history',
  summary: 'Read what status, place and owner an asset had, from when until when, by whom and why',
  http: ['GET', '/v1/assets/:id/history'],
  permission: staff,
  mutates: false,
  example: 'HPLC-01',
  input: z.strictObject({ id: assetRef }),
  output: z.object({ tag: z.string(), data: z.array(period) }),
  async run(tx, _actor, { id }) {
    const row = await loadAsset(tx, id)
    if (row === undefined) return refuse(notFound)
    const periods = toPeriods(await listRecordEntries(tx, row.id, 0, mostEntries))
    const ids = periods.flatMap(({ owner_id }) => owner_id ?? [])
    const names = new Map((await listOwnerNames(tx, [...new Set(ids)])).map((one) => [one.id, one.name]))
    const data = periods.map(({ owner_id, ...one }) => ({
      ...one,
      owner: owner_id === null ? null : (names.get(owner_id) ?? owner_id),
    }))
    return accept({ tag: row.tag, data })
  },
})

type Period = Omit<z.output<typeof period>, 'owner'> & { readonly owner_id: string | null }

/** The entries say what changed; what an entry does not say stayed as it was. */
function toPeriods(entries: readonly EntryView[]): Period[] {
  const periods: Period[] = []
  for (const { changes, at, actor, reason, version } of entries) {
    const changed = changes.filter(({ field }) => (told as readonly string[]).includes(field))
    if (changed.length === 0) continue
    const before = periods.pop()
    if (before !== undefined) periods.push({ ...before, until: at })
    const now = Object.fromEntries(changed.map(({ field, new: value }) => [field, value]))
    const { status, location, owner_id } = { status: '', location: null, owner_id: null, ...before, ...now }
    periods.push({ status, location, owner_id, from: at, until: null, by: actor.name, reason, version })
  }
  return periods
}

// ------------------------------------------------------------------------------------------------- tree

const mostParts = 10_000

export const tree = operation({
  name: 'asset.tree',
  summary: 'Read an asset with all that is part of it, each below what it is part of',
  http: ['GET', '/v1/assets/:id/tree'],
  permission: staff,
  mutates: false,
  example: 'HPLC-01',
  input: z.strictObject({ id: assetRef }),
  output: z.object({
    data: z.array(assetView.extend({ depth: z.int().describe('0 is the asset itself') })),
    more: z.boolean().describe(`true: there are more than ${mostParts}, and these are the first`),
  }),
  async run(tx, _actor, { id }) {
    const row = await loadAsset(tx, id)
    if (row === undefined) return refuse(notFound)
    const rows = await listBranch(tx, row.id, mostParts + 1)
    const data = rows.slice(0, mostParts).map((one) => ({ ...toView(one), depth: one.depth }))
    return accept({ data, more: rows.length > mostParts })
  },
})

// ------------------------------------------------------------------------------------------------- code

export const qr = operation({
  name: 'asset.qr',
  summary: 'Read the QR code of an asset: a picture (SVG) of the address of its page',
  http: ['GET', '/v1/assets/:id/qr'],
  permission: staff,
  mutates: false,
  document: { member: 'svg', type: 'image/svg+xml' },
  example: 'HPLC-01',
  input: z.strictObject({ id: assetRef }),
  output: z.object({ tag: z.string(), url: z.string(), svg: z.string() }),
  async run(tx, _actor, { id }) {
    const row = await loadAsset(tx, id)
    if (row === undefined) return refuse(notFound)
    const url = `${tx.relyingParty.origins[0] ?? ''}/assets/${encodeURIComponent(row.tag)}`
    // A quarter of it may be scratched off and it is read all the same; the standard asks for four squares of margin.
    return accept({ tag: row.tag, url, svg: encodeQR(url, 'svg', { ecc: 'quartile', border: 4 }) })
  },
})
