/**
 * The demo: a regulated tenant `acme-bio`, and the fleet `superportia` with the identities of seed 003 as
 * principals. Loading it again changes nothing but makes new API keys; a password is made for a person who has
 * none, and for everybody when that is asked for.
 */
import { randomBytes } from 'node:crypto'
import { accept } from '#domain/refusal.ts'
import type { GrantedRole, PrincipalKind } from '#domain/principal.ts'
import type { Floor } from '#platform/tx.ts'
import { createAsset } from '../asset/operations.ts'
import { findAssetByRef } from '../asset/store.ts'
import { issueKey } from '../key/operations.ts'
import { createPrincipal } from '../principal/operations.ts'
import { givePassword } from '../principal/password.ts'
import { loadPrincipal, lockPrincipal } from '../principal/store.ts'
import { keepShipped } from '../template/shipped.ts'
import { keepResources } from '../person/demo.ts'
import { asOperator, foundTenant, loadOperator } from './found.ts'
import type { NewTenant, Operator } from './found.ts'

type DemoPrincipal = {
  readonly name: string
  readonly kind: PrincipalKind
  readonly roles: GrantedRole[]
  readonly sponsor?: string
  /** Left of the @ where it is not the name in lower case with dots. */
  readonly mailbox?: string
}
type DemoAsset = { readonly tag: string; readonly name: string; readonly location: string }
type DemoTenant = {
  readonly tenant: NewTenant
  readonly principals: readonly DemoPrincipal[]
  readonly assets: readonly DemoAsset[]
}

const captain = '夏哥'
/** Who answers for the agents: not a captain, who could then not approve what they did. */
const sponsor = 'Fleet Sponsor'
const fleetAgents = [
  'Mac App 小克',
  'Mac CLI 小克',
  'Mac App 小A',
  'Mac CLI 小A',
  'Win App 小克',
  'Win CLI 小克',
  'Win App 小A',
  'Win CLI 小A',
  'Web 小克',
]
const fleetSystems = ['system:cron', 'system:webhook']

const demoTenants: readonly DemoTenant[] = [
  {
    tenant: { slug: 'acme-bio', name: 'Acme Bio', default_lifecycle: 'change-control' },
    principals: [
      { name: 'Ada Admin', kind: 'human', roles: ['admin'] },
      { name: 'Olga Owner', kind: 'human', roles: ['system_owner'] },
      { name: 'Quinn QA', kind: 'human', roles: ['qa'] },
      { name: 'Pat Planner', kind: 'human', roles: ['assigner', 'operator'] },
      { name: 'Lee Lab', kind: 'human', roles: ['operator'] },
      { name: 'Aud Auditor', kind: 'human', roles: ['auditor'] },
      { name: 'Vik Vendor', kind: 'vendor', roles: ['vendor'] },
      { name: 'Build Agent', kind: 'agent', roles: ['operator'], sponsor: 'Pat Planner' },
      { name: 'system:scheduler', kind: 'system', roles: ['operator'] },
    ],
    assets: [
      { tag: 'HPLC-01', name: 'HPLC workstation', location: 'Lab 2' },
      { tag: 'BAL-12', name: 'Analytical balance', location: 'Lab 1' },
      { tag: 'EXC-01', name: 'Hydraulic excavator', location: 'Pit 1' },
    ],
  },
  {
    tenant: { slug: 'superportia', name: 'SuperPortia', default_lifecycle: 'fleet' },
    principals: [
      {
        name: captain,
        mailbox: 'captain',
        kind: 'human',
        roles: ['admin', 'captain', 'assigner', 'operator'],
      },
      { name: sponsor, kind: 'human', roles: ['assigner', 'operator'] },
      { name: '小西', kind: 'agent', roles: ['captain', 'operator'], sponsor: captain },
      { name: 'PM Agent', kind: 'agent', roles: ['assigner'], sponsor },
      ...fleetAgents.map((name) => ({
        name,
        kind: 'agent' as const,
        roles: ['operator' as const],
        sponsor,
      })),
      ...fleetSystems.map((name) => ({ name, kind: 'system' as const, roles: ['operator' as const] })),
      { name: 'system:captain-proxy', kind: 'system', roles: ['captain'] },
    ],
    assets: [],
  },
]

/** By principal's name, by tenant's slug. */
export type DemoKeys = { [slug: string]: { [principal: string]: string } }
export type Demo = {
  /** API keys. */
  readonly tenants: DemoKeys
  /** The passwords that were made by this load: of the people who had none, or of everybody. */
  readonly passwords: DemoKeys
}

export async function loadDemo(floor: Floor, renewPasswords = false): Promise<Demo> {
  const loaded: Demo = { tenants: {}, passwords: {} }
  for (const demo of demoTenants) {
    const { slug } = demo.tenant
    const operator = (await loadOperator(floor, slug)) ?? (await found(floor, demo.tenant))
    const keys: { [principal: string]: string } = {}
    const passwords: { [principal: string]: string } = {}
    for (const asset of demo.assets) await ensureAsset(floor, operator, asset)
    for (const principal of demo.principals) {
      keys[principal.name] = await ensurePrincipal(floor, operator, principal)
      if (principal.kind !== 'human') continue
      const password = await ensurePassword(floor, operator, principal, slug, renewPasswords)
      if (password !== undefined) passwords[principal.name] = password
    }
    if (slug === 'acme-bio') {
      await asOperator(floor, operator, keepShipped)
      await asOperator(floor, operator, keepResources)
    }
    loaded.tenants[slug] = keys
    loaded.passwords[slug] = passwords
  }
  return loaded
}

/** A new password, if the person has none or all are to be made anew; undefined otherwise. */
async function ensurePassword(
  floor: Floor,
  operator: Operator,
  { name, mailbox }: DemoPrincipal,
  slug: string,
  renew: boolean,
): Promise<string | undefined> {
  const password = randomBytes(15).toString('base64url')
  const decision = await asOperator(floor, operator, async (tx) => {
    const person = await lockPrincipal(tx, name)
    if (person === undefined) return accept(undefined)
    const owner = { tenantId: tx.tenantId, principalId: person.id }
    if (!renew && (await tx.accounts.hasPassword(owner))) return accept(undefined)
    const email = `${mailbox ?? name.toLowerCase().replaceAll(' ', '.')}@${slug}.example`
    const given = await givePassword(tx, person, person.email ?? email, password)
    return given.ok ? accept(password) : given
  })
  if (!decision.ok) throw new Error(`a password for ${name} was refused: ${decision.refusal.code}`)
  return decision.value
}

async function found(floor: Floor, tenant: NewTenant): Promise<Operator> {
  const decision = await foundTenant(floor, tenant)
  if (!decision.ok) throw new Error(`the demo tenant ${tenant.slug} was refused: ${decision.refusal.code}`)
  return decision.value
}

const ensureAsset = (floor: Floor, operator: Operator, asset: DemoAsset) =>
  asOperator(floor, operator, async (tx) => {
    const known = await findAssetByRef(tx, asset.tag)
    if (known === undefined)
      await createAsset(tx, { ...asset, status: 'in_service', owner_id: null, parent_id: null })
    return accept(undefined)
  })

async function ensurePrincipal(floor: Floor, operator: Operator, principal: DemoPrincipal): Promise<string> {
  const ready = await asOperator(floor, operator, async (tx) =>
    (await loadPrincipal(tx, principal.name)) === undefined
      ? createPrincipal(tx, principal)
      : accept(undefined),
  )
  if (!ready.ok) throw new Error(`the demo principal ${principal.name} was refused: ${ready.refusal.code}`)
  const issued = await issueHostKey(floor, operator, principal.name, 'demo')
  if (issued === undefined) throw new Error(`the demo principal ${principal.name} is disabled`)
  return issued
}

/** A key for an active principal, made by the host; undefined when there is none of that name. */
export async function issueHostKey(
  floor: Floor,
  operator: Operator,
  name: string,
  keyName: string,
): Promise<string | undefined> {
  const decision = await asOperator(floor, operator, async (tx) => {
    const principal = await lockPrincipal(tx, name)
    if (principal === undefined || principal.disabled_at !== null) return accept(undefined)
    return accept((await issueKey(tx, principal, keyName, undefined)).key ?? undefined)
  })
  return decision.ok ? decision.value : undefined
}
