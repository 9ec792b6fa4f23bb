/**
 * Who is calling: an API key, a session cookie or a gateway token becomes an actor, with grants cut to the
 * sponsor's for an agent. What is known is remembered for two seconds at most, so that a disabled principal,
 * a revoked key or a taken role is out everywhere well within five.
 */
import { hash } from 'node:crypto'
import { intersectGrants } from '#domain/principal.ts'
import type { Actor, Grant, PrincipalKind } from '#domain/principal.ts'
import { accept } from '#domain/refusal.ts'
import type { PrincipalRef } from './accounts.ts'
import { inTenant } from './tx.ts'
import type { Floor, Tx } from './tx.ts'
import type { GatewayTokens } from './gateway-token.ts'

const rememberMs = 2000
const mostRemembered = 50_000

export type Credentials = {
  /** What follows `Authorization: Bearer `, or the X-API-Key header. */
  readonly bearer?: string | undefined
  readonly cookie?: string | undefined
  /** Slug of the tenant to act in, for a person who is in several. */
  readonly tenant?: string | undefined
}

export type Identity = {
  /** The caller, or undefined when the credentials are not, or no longer, good. */
  authenticate(credentials: Credentials, client: string): Promise<Actor | undefined>
  /** The principal as it is now (or was two seconds ago); undefined once it is disabled. */
  loadActor(ref: PrincipalRef, client: string): Promise<Actor | undefined>
  /** Forgets what is remembered of a principal, here and at once. */
  forget(ref: PrincipalRef): void
}

export function openIdentity(floor: Floor, tokens: GatewayTokens | undefined): Identity {
  const refs = remember<string, PrincipalRef | undefined>()
  const actors = remember<string, Actor | undefined>()

  const loadActor = async (ref: PrincipalRef, client: string): Promise<Actor | undefined> => {
    const actor = await actors.get(actorKey(ref), () => loadPrincipal(floor, ref))
    return actor === undefined ? undefined : { ...actor, client }
  }
  const findRef = async ({ bearer, cookie, tenant }: Credentials): Promise<PrincipalRef | undefined> => {
    if (bearer !== undefined) {
      return refs.get(digest(bearer), async () =>
        bearer.split('.').length === 3 ? tokens?.verify(bearer) : floor.accounts.verifyKey(bearer),
      )
    }
    if (cookie === undefined) return undefined
    return refs.get(digest(`${tenant ?? ''}\n${cookie}`), async () => {
      const memberships = await floor.accounts.verifySession(new Headers({ cookie }))
      if (tenant === undefined) return memberships.length === 1 ? memberships[0] : undefined
      const tenantId = await findTenant(floor, tenant)
      return memberships.find((membership) => membership.tenantId === tenantId)
    })
  }
  return {
    async authenticate(credentials, client) {
      const ref = await findRef(credentials)
      return ref === undefined ? undefined : loadActor(ref, client)
    },
    loadActor,
    forget: (ref) => actors.forget(actorKey(ref)),
  }
}

const actorKey = (ref: PrincipalRef): string => `${ref.tenantId} ${ref.principalId}`
const digest = (secret: string): string => hash('sha256', secret, 'base64')

/** The id of the tenant with this slug, before any tenant is set. */
export async function findTenant(floor: Floor, slug: string): Promise<string | undefined> {
  const { rows } = await floor.db.pool.query<{ id: string | null }>({
    name: 'find_tenant',
    text: 'select find_tenant($1) as id',
    values: [slug],
  })
  return rows[0]?.id ?? undefined
}

type PrincipalRow = {
  id: string
  kind: PrincipalKind
  name: string
  sponsor_id: string | null
  grants: Grant[]
  sponsor_grants: Grant[]
}

async function loadPrincipal(floor: Floor, ref: PrincipalRef): Promise<Actor | undefined> {
  const nobody = { id: ref.principalId, kind: 'system', name: '', sponsorId: null, client: '' } as const
  const decision = await inTenant(
    floor,
    { tenantId: ref.tenantId, actor: nobody, call: { requestId: '' } },
    async (tx) => accept(await selectPrincipal(tx, ref.principalId)),
  )
  const row = decision.ok ? decision.value : undefined
  if (row === undefined) return undefined
  return {
    id: row.id,
    tenantId: ref.tenantId,
    kind: row.kind,
    name: row.name,
    sponsorId: row.sponsor_id,
    grants: row.kind === 'agent' ? intersectGrants(row.grants, row.sponsor_grants) : row.grants,
    client: '',
  }
}

/** Active principals only; an agent is out when its sponsor is. */
const selectPrincipal = (tx: Tx, id: string): Promise<PrincipalRow | undefined> =>
  tx.maybe<PrincipalRow>`
    select p.id, p.kind, p.name, p.sponsor_id,
           coalesce((select json_agg(json_build_object('role', g.role, 'asset_id', g.asset_id))
                       from role_grants g where g.principal_id = p.id), '[]') as grants,
           coalesce((select json_agg(json_build_object('role', g.role, 'asset_id', g.asset_id))
                       from role_grants g where g.principal_id = p.sponsor_id), '[]') as sponsor_grants
      from principals p
      left join principals s on s.tenant_id = p.tenant_id and s.id = p.sponsor_id
     where p.id = ${id} and p.disabled_at is null and s.disabled_at is null`

/** A bounded map whose values are loaded once for all who ask at the same time, and forgotten after `rememberMs`. */
function remember<K, V>() {
  const known = new Map<K, { readonly until: number; readonly value: Promise<V> }>()
  return {
    get(key: K, load: () => Promise<V>): Promise<V> {
      const now = Date.now()
      const found = known.get(key)
      if (found !== undefined && found.until > now) return found.value
      if (known.size >= mostRemembered) known.clear()
      const value = load()
      known.set(key, { until: now + rememberMs, value })
      value.catch(() => known.delete(key))
      return value
    },
    forget: (key: K) => void known.delete(key),
  }
}
