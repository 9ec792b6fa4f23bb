/** Principals of the tenant: who there is, what they may do, and who is out. Ids are never reused. */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import { grantedRoles, humanOnlyRoles, principalKinds } from '#domain/principal.ts'
import type { Grant } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { administrators, operation, staff } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { line, principalRef, text } from '../work-order/schema.ts'
import { findAssetByRef } from '../asset/store.ts'
import {
  deleteGrant,
  insertGrant,
  insertPrincipal,
  listManagersAbove,
  listPrincipals,
  loadPrincipal,
  lockPrincipal,
  updateManager,
  updatePrincipal,
} from './store.ts'
import type { PrincipalRow } from './store.ts'
import { recordPasswordSet } from './password.ts'

const grantView = z.object({ role: z.enum(grantedRoles), asset: z.string().nullable() })
export const principalView = z.object({
  id: z.uuid(),
  kind: z.enum(principalKinds),
  name: z.string(),
  email: z.string().nullable(),
  sponsor: z.string().nullable(),
  manager: z.string().nullable(),
  disabled_at: z.string().nullable(),
  grants: z.array(grantView),
  version: z.int(),
  created_at: z.string(),
})
export type PrincipalView = z.output<typeof principalView>

const toView = (row: Omit<PrincipalRow, 'profile' | 'ratings'>): PrincipalView => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  email: row.email,
  sponsor: row.sponsor,
  manager: row.manager,
  disabled_at: row.disabled_at,
  grants: row.grants.map(({ role, asset }) => ({ role, asset })),
  version: row.version,
  created_at: row.created_at,
})

/** How a grant is written in the trail: the role, and the asset that it is bound to. */
const toGrantText = ({ role, asset_id }: Grant): string => (asset_id === null ? role : `${role}@${asset_id}`)
const toGrantTexts = (grants: readonly Grant[]): string[] => grants.map(toGrantText).toSorted()
export const principalFields = [
  'kind',
  'name',
  'email',
  'sponsor_id',
  'disabled_at',
  'roles',
  'manager_id',
  'profile',
  'ratings',
] as const

const createInput = z.strictObject({
  name: line(200),
  kind: z.enum(principalKinds),
  email: z.email().max(254).optional(),
  sponsor: principalRef.optional().describe('an active human who answers for an agent'),
  roles: z.array(z.enum(grantedRoles)).max(8).default([]),
  password: z
    .string()
    .min(12)
    .max(256)
    .optional()
    .describe('first password of a person, who needs an email; or the password that the address has already'),
})
type CreateInput = z.output<typeof createInput>

export const create = operation({
  name: 'principal.create',
  summary: 'Register a person, an agent, a vendor or a system identity',
  http: ['POST', '/v1/principals'],
  status: 201,
  permission: administrators,
  mutates: true,
  mcp: false,
  reachesOut: true,
  secret: ['password'],
  example: '--name "Mei Lin" --kind human --email mei@example.org --roles operator',
  input: createInput,
  output: principalView,
  run: (tx, _actor, input) => createPrincipal(tx, input),
})

/** Also used by host commands that found a tenant. `id` when the caller must know it beforehand. */
export async function createPrincipal(
  tx: Tx,
  input: CreateInput,
  id: string = tx.newId(),
): Promise<Decision<PrincipalView>> {
  const sponsor = input.sponsor === undefined ? undefined : await loadPrincipal(tx, input.sponsor)
  const sponsorFits = sponsor !== undefined && sponsor.kind === 'human' && sponsor.disabled_at === null
  if (input.kind === 'agent' ? !sponsorFits : input.sponsor !== undefined)
    return refuse({ code: 'sponsor_required' })
  const tooHigh = input.roles.find((role) => input.kind !== 'human' && humanOnlyRoles.includes(role))
  if (tooHigh !== undefined) return refuse({ code: 'human_only_role', role: tooHigh })
  if (
    input.password !== undefined &&
    (input.email === undefined || input.kind === 'agent' || input.kind === 'system')
  ) {
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'password', message: 'is for a person with an email' }],
    })
  }
  const at = tx.now()
  const roles = [...new Set(input.roles)]
  const row = {
    id,
    kind: input.kind,
    name: input.name,
    email: input.email ?? null,
    sponsor_id: sponsor?.id ?? null,
  }
  const grants = roles.map((role) => ({ role, asset_id: null, asset: null }))
  const changes = changesBetween(principalFields, {}, { ...row, roles: toGrantTexts(grants) })
  const head = tx.record({ kind: 'principal', record: { id }, action: 'registered', changes, at })
  insertPrincipal(tx, row, head)
  for (const grant of grants) insertGrant(tx, row, grant)
  if (input.password !== undefined && input.email !== undefined) {
    // Accounts are no part of this transaction: a name that is taken must not leave one behind.
    if ((await loadPrincipal(tx, input.name)) !== undefined)
      return refuse({ code: 'already_exists', what: 'principal', name: input.name })
    const isLetIn = await tx.accounts.ensureAccount(
      { tenantId: tx.tenantId, principalId: id },
      { name: input.name, email: input.email },
      input.password,
    )
    if (!isLetIn)
      return refuse({ code: 'already_exists', what: 'person with the address', name: input.email })
    recordPasswordSet(tx, { id, ...head, email: row.email, locked_at: at }, row.email)
  }
  return accept(
    toView({
      ...row,
      sponsor: sponsor?.name ?? null,
      manager_id: null,
      manager: null,
      disabled_at: null,
      version: head.version,
      created_at: at,
      grants,
    }),
  )
}

export const get = operation({
  name: 'principal.get',
  summary: 'Read one principal',
  http: ['GET', '/v1/principals/:id'],
  permission: staff,
  mutates: false,
  example: '"Mei Lin"',
  input: z.strictObject({ id: principalRef }),
  output: principalView,
  async run(tx, _actor, input) {
    const row = await loadPrincipal(tx, input.id)
    return row === undefined ? refuse({ code: 'not_found', what: 'principal' }) : accept(toView(row))
  },
})

export const list = operation({
  name: 'principal.list',
  summary: 'List the principals of the tenant, by name',
  http: ['GET', '/v1/principals'],
  permission: staff,
  mutates: false,
  example: '--role captain',
  input: z.strictObject({
    kind: z.enum(principalKinds).optional(),
    role: z.enum(grantedRoles).optional(),
    cursor: text(1000).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(principalView), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const after =
      input.cursor === undefined
        ? { name: '' }
        : parseCursor(z.strictObject({ name: text(200) }), input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const rows = await listPrincipals(tx, {
      kind: input.kind ?? null,
      role: input.role ?? null,
      after: after.name,
      limit: input.limit + 1,
    })
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toView),
      next_cursor: last === undefined ? null : toCursor({ name: last.name }),
    })
  },
})

const changeInput = z.strictObject({ id: principalRef, reason: line(2000) })

export const disable = operation({
  name: 'principal.disable',
  summary:
    'Disable a principal: it is out everywhere within five seconds, and with it the agents that it sponsors',
  http: ['POST', '/v1/principals/:id/disable'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: '"Mei Lin" --reason "left the company"',
  input: changeInput,
  output: principalView,
  run: (tx, _actor, input) => setDisabled(tx, input, true),
})

export const enable = operation({
  name: 'principal.enable',
  summary: 'Let a disabled principal in again',
  http: ['POST', '/v1/principals/:id/enable'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: '"Mei Lin" --reason "back from leave"',
  input: changeInput,
  output: principalView,
  run: (tx, _actor, input) => setDisabled(tx, input, false),
})

async function setDisabled(
  tx: Tx,
  input: z.output<typeof changeInput>,
  disabled: boolean,
): Promise<Decision<PrincipalView>> {
  const before = await lockPrincipal(tx, input.id)
  if (before === undefined) return refuse({ code: 'not_found', what: 'principal' })
  if ((before.disabled_at !== null) === disabled) return accept(toView(before))
  const disabledAt = disabled ? before.locked_at : null
  const head = tx.record({
    kind: 'principal',
    record: before,
    action: disabled ? 'disabled' : 'enabled',
    reason: input.reason,
    changes: changesBetween(principalFields, before, { disabled_at: disabledAt }),
    at: before.locked_at,
  })
  updatePrincipal(tx, before, disabledAt, head)
  if (disabled) await tx.accounts.endSessions({ tenantId: tx.tenantId, principalId: before.id })
  return accept(toView({ ...before, disabled_at: disabledAt, version: head.version }))
}

export const setManager = operation({
  name: 'principal.set_manager',
  summary: 'Say whom a person reports to: who is told when that person does not sign in time',
  http: ['POST', '/v1/principals/:id/manager'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: '"Mei Lin" --manager "Pat Planner" --reason "new team"',
  input: z.strictObject({
    id: principalRef,
    manager: principalRef.nullable().describe('null: nobody'),
    reason: line(2000),
  }),
  output: principalView,
  async run(tx, _actor, input) {
    const before = await lockPrincipal(tx, input.id)
    if (before === undefined) return refuse({ code: 'not_found', what: 'principal' })
    const manager = input.manager === null ? null : await loadPrincipal(tx, input.manager)
    if (
      manager === undefined ||
      (manager !== null && (manager.kind !== 'human' || manager.disabled_at !== null))
    )
      return refuse({ code: 'unknown_reference', field: 'manager', value: input.manager ?? '' })
    if (manager !== null && (await reportsTo(tx, manager.id, before.id)))
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'manager', message: `${manager.name} reports to ${before.name}` }],
      })
    const changes = changesBetween(principalFields, before, { manager_id: manager?.id ?? null })
    if (changes.length === 0) return accept(toView(before))
    const head = tx.record({
      kind: 'principal',
      record: before,
      action: 'manager_set',
      reason: input.reason,
      changes,
      at: before.locked_at,
    })
    updateManager(tx, before, manager?.id ?? null, head)
    return accept(toView({ ...before, manager: manager?.name ?? null, version: head.version }))
  },
})

/** Also true for oneself: nobody is his own manager, however many there are in between. */
async function reportsTo(tx: Tx, id: string, above: string): Promise<boolean> {
  return id === above || (await listManagersAbove(tx, id)).some((manager) => manager.id === above)
}

const grantInput = z.strictObject({
  id: principalRef,
  role: z.enum(grantedRoles),
  asset: line(200).optional().describe('binds a system_owner to one asset'),
  reason: line(2000),
})

export const grant = operation({
  name: 'principal.grant',
  summary: 'Grant a role, for every asset or for one',
  http: ['POST', '/v1/principals/:id/grants'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: '"Mei Lin" --role qa --reason "qualified 2026-11"',
  input: grantInput,
  output: principalView,
  run: (tx, _actor, input) => changeGrants(tx, input, true),
})

export const revoke = operation({
  name: 'principal.revoke',
  summary: 'Take a role away',
  http: ['DELETE', '/v1/principals/:id/grants'],
  permission: administrators,
  mutates: true,
  mcp: false,
  example: '"Mei Lin" --role qa --reason "moved to another site"',
  input: grantInput,
  output: principalView,
  run: (tx, _actor, input) => changeGrants(tx, input, false),
})

async function changeGrants(
  tx: Tx,
  input: z.output<typeof grantInput>,
  adds: boolean,
): Promise<Decision<PrincipalView>> {
  const before = await lockPrincipal(tx, input.id)
  if (before === undefined) return refuse({ code: 'not_found', what: 'principal' })
  if (adds && before.kind !== 'human' && humanOnlyRoles.includes(input.role))
    return refuse({ code: 'human_only_role', role: input.role })
  if (input.asset !== undefined && input.role !== 'system_owner') {
    return refuse({
      code: 'invalid_input',
      errors: [{ path: 'asset', message: 'only a system_owner is bound to an asset' }],
    })
  }
  const asset = input.asset === undefined ? null : await findAssetByRef(tx, input.asset)
  if (asset === undefined)
    return refuse({ code: 'unknown_reference', field: 'asset', value: input.asset ?? '' })
  const change = { role: input.role, asset_id: asset?.id ?? null, asset: asset?.tag ?? null }
  const has = before.grants.some((held) => toGrantText(held) === toGrantText(change))
  if (has === adds) return accept(toView(before))
  const after = adds
    ? [...before.grants, change]
    : before.grants.filter((held) => toGrantText(held) !== toGrantText(change))
  const head = tx.record({
    kind: 'principal',
    record: before,
    action: adds ? 'role_granted' : 'role_revoked',
    reason: input.reason,
    changes: changesBetween(
      ['roles'],
      { roles: toGrantTexts(before.grants) },
      { roles: toGrantTexts(after) },
    ),
    at: before.locked_at,
  })
  updatePrincipal(tx, before, before.disabled_at, head)
  if (adds) insertGrant(tx, before, change)
  else deleteGrant(tx, before.id, change)
  return accept(toView({ ...before, grants: after, version: head.version }))
}
