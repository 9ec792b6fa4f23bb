/** Assets: the systems, instruments and machines that work orders are about. */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import type { Actor, GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { loadPrincipal } from '../principal/store.ts'
import { assetRef, line, principalRef, text } from '../work-order/schema.ts'
import {
  assetStatuses,
  findAssetByRef,
  insertAsset,
  listAbove,
  listAssets,
  loadAsset,
  lockAsset,
  updateAsset,
} from './store.ts'
import type { AssetFields, AssetRow } from './store.ts'

const keeperRoles: readonly GrantedRole[] = ['admin', 'system_owner', 'assigner', 'captain']
const keepers: Permission = { kinds: ['human', 'agent', 'system'], roles: keeperRoles }

/** The system owner of one asset keeps that one and no other; null is an asset that is not there yet. */
function checkKeeper(actor: Actor, assetId: string | null): Refusal | undefined {
  const keeps = actor.grants.some(
    ({ role, asset_id }) => keeperRoles.includes(role) && (asset_id === null || asset_id === assetId),
  )
  return keeps ? undefined : { code: 'gates_unmet', unmet: [{ code: 'role_required', roles: keeperRoles }] }
}

export const assetView = z.object({
  id: z.uuid(),
  tag: z.string(),
  name: z.string(),
  location: z.string().nullable(),
  status: z.enum(assetStatuses),
  owner: z.string().nullable(),
  parent: z.string().nullable(),
  version: z.int(),
  created_at: z.string(),
})
type AssetView = z.output<typeof assetView>
export const assetFields = ['tag', 'name', 'location', 'status', 'owner_id', 'parent_id'] as const

export function toView({ owner_id: _owner, parent_id: _parent, ...shown }: AssetRow): AssetView {
  const { id, tag, name, location, status, owner, parent, version, created_at } = shown
  return { id, tag, name, location, status, owner, parent, version, created_at }
}

const described = {
  name: line(500),
  location: text(500).nullable(),
  status: z.enum(assetStatuses),
  owner: principalRef.nullable(),
  parent: assetRef.nullable(),
}

export const create = operation({
  name: 'asset.create',
  summary: 'Register an asset',
  http: ['POST', '/v1/assets'],
  status: 201,
  permission: keepers,
  mutates: true,
  example: '--tag B-12 --name "Analytical balance"',
  input: z.strictObject({
    tag: line(200),
    name: described.name,
    location: described.location.optional(),
    status: described.status.default('in_service'),
    owner: described.owner.optional(),
    parent: described.parent.optional(),
  }),
  output: assetView,
  async run(tx, actor, input) {
    const notKeeper = checkKeeper(actor, null)
    if (notKeeper !== undefined) return refuse(notKeeper)
    const ties = await resolveTies(tx, input.owner ?? null, input.parent ?? null)
    if (!ties.ok) return ties
    const { owner_id, owner, parent_id, parent } = ties.value
    const row = {
      tag: input.tag,
      name: input.name,
      location: input.location ?? null,
      status: input.status,
      owner_id,
      parent_id,
    }
    const { id, version, at } = await createAsset(tx, row)
    return accept({ ...toView({ ...row, id, owner, parent, version, created_at: at }) })
  },
})

/** Also used by imports, which meet assets that nobody registered. */
export async function createAsset(
  tx: Tx,
  row: AssetFields,
): Promise<{ id: string; version: number; at: string }> {
  const at = tx.now()
  const id = tx.newId()
  const head = tx.record({
    kind: 'asset',
    record: { id },
    action: 'registered',
    changes: changesBetween(assetFields, {}, row),
    at,
  })
  insertAsset(tx, id, row, head)
  return { id, version: head.version, at }
}

type Ties = {
  readonly owner_id: string | null
  readonly owner: string | null
  readonly parent_id: string | null
  readonly parent: string | null
}

async function resolveTies(tx: Tx, owner: string | null, parent: string | null): Promise<Decision<Ties>> {
  const person = owner === null ? null : await loadPrincipal(tx, owner)
  if (person === undefined || (person !== null && person.disabled_at !== null))
    return refuse({ code: 'unknown_reference', field: 'owner', value: owner ?? '' })
  const above = parent === null ? null : await findAssetByRef(tx, parent)
  if (above === undefined) return refuse({ code: 'unknown_reference', field: 'parent', value: parent ?? '' })
  return accept({
    owner_id: person?.id ?? null,
    owner: person?.name ?? null,
    parent_id: above?.id ?? null,
    parent: above?.tag ?? null,
  })
}

export const get = operation({
  name: 'asset.get',
  summary: 'Read one asset',
  http: ['GET', '/v1/assets/:id'],
  permission: staff,
  mutates: false,
  example: 'B-12',
  input: z.strictObject({ id: assetRef }),
  output: assetView,
  async run(tx, _actor, input) {
    const row = await loadAsset(tx, input.id)
    return row === undefined ? refuse({ code: 'not_found', what: 'asset' }) : accept(toView(row))
  },
})

export const list = operation({
  name: 'asset.list',
  summary: 'List the assets of the tenant, by tag',
  http: ['GET', '/v1/assets'],
  permission: staff,
  mutates: false,
  example: '--limit 20',
  input: z.strictObject({ cursor: text(1000).optional(), limit: z.int().min(1).max(200).default(50) }),
  output: z.object({ data: z.array(assetView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const after =
      input.cursor === undefined ? { tag: '' } : parseCursor(z.strictObject({ tag: text(200) }), input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const rows = await listAssets(tx, after.tag, input.limit + 1)
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toView),
      next_cursor: last === undefined ? null : toCursor({ tag: last.tag }),
    })
  },
})

export const update = operation({
  name: 'asset.update',
  summary: 'Change what is known of an asset',
  http: ['PATCH', '/v1/assets/:id'],
  permission: keepers,
  mutates: true,
  example: 'B-12 --status out_of_service --reason "sent for repair"',
  input: z.strictObject({
    id: assetRef,
    reason: line(2000),
    name: described.name.optional(),
    location: described.location.optional(),
    status: described.status.optional(),
    owner: described.owner.optional(),
    parent: described.parent.optional(),
  }),
  output: assetView,
  async run(tx, actor, input) {
    const before = await lockAsset(tx, input.id)
    if (before === undefined) return refuse({ code: 'not_found', what: 'asset' })
    const notKeeper = checkKeeper(actor, before.id)
    if (notKeeper !== undefined) return refuse(notKeeper)
    if (tx.call.ifVersion !== undefined && tx.call.ifVersion !== before.version) {
      return refuse({ code: 'stale_version', expected: tx.call.ifVersion, actual: before.version })
    }
    const ties = await resolveTies(tx, input.owner ?? null, input.parent ?? null)
    if (!ties.ok) return ties
    const above = ties.value.parent_id === null ? [] : await listAbove(tx, ties.value.parent_id)
    const at = above.findIndex(({ id }) => id === before.id)
    if (at !== -1) {
      const path = [before.tag, ...above.slice(0, at + 1).map(({ tag }) => tag)].join(' → ')
      const message = `an asset is not part of itself: ${path}`
      return refuse({ code: 'invalid_input', errors: [{ path: 'parent', message }] })
    }
    const owner = input.owner === undefined ? before : ties.value
    const parent = input.parent === undefined ? before : ties.value
    const after: AssetFields = {
      tag: before.tag,
      name: input.name ?? before.name,
      location: input.location === undefined ? before.location : input.location,
      status: input.status ?? before.status,
      owner_id: owner.owner_id,
      parent_id: parent.parent_id,
    }
    const changes = changesBetween(assetFields, before, after)
    if (changes.length === 0) return accept(toView(before))
    const head = tx.record({
      kind: 'asset',
      record: before,
      action: 'updated',
      reason: input.reason,
      changes,
      at: before.locked_at,
    })
    updateAsset(tx, before, after, head)
    return accept(
      toView({ ...before, ...after, owner: owner.owner, parent: parent.parent, version: head.version }),
    )
  },
})
