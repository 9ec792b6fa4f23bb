/** SQL of registries as they are written to CSV: everything, or what is named. */
import type { PersonProfile } from '#domain/person.ts'
import type { PrincipalKind } from '#domain/principal.ts'
import type { Tx } from '#platform/tx.ts'

/** Names of the records; null is all of them. */
export type Names = readonly string[] | null

export type AssetLine = {
  readonly id: string
  readonly tag: string
  readonly name: string
  readonly location: string | null
  readonly status: string
  readonly owner: string | null
  readonly parent: string | null
}
export const listAssetLines = (tx: Tx, tags: Names): Promise<AssetLine[]> =>
  tx.list<AssetLine>`
    select a.id, a.tag, a.name, a.location, a.status, o.name as owner, p.tag as parent
      from assets a
      left join principals o on o.tenant_id = a.tenant_id and o.id = a.owner_id
      left join assets p on p.tenant_id = a.tenant_id and p.id = a.parent_id
     where ${tags}::text[] is null or a.tag = any(${tags}::text[])
     order by a.tag`

export type ResourceLine = {
  readonly id: string
  readonly name: string
  readonly body: { readonly [member: string]: unknown }
  readonly retired: boolean
}
export const listResourceLines = (tx: Tx, type: string, names: Names): Promise<ResourceLine[]> =>
  tx.list<ResourceLine>`
    select id, name, body, retired from resources
     where type = ${type} and (${names}::text[] is null or name = any(${names}::text[]))
     order by name`

export type PersonLine = {
  readonly id: string
  readonly name: string
  readonly kind: PrincipalKind
  readonly email: string | null
  readonly sponsor: string | null
  readonly profile: PersonProfile | null
  readonly calendar: string | null
  /** By the names of the experiences, in their order. */
  readonly ratings: readonly {
    readonly experience: string
    readonly rating: number
    readonly expires_at: string | null
    readonly evidence: string | null
  }[]
}
/** People, vendors and agents; systems have nothing to register. */
export const listPersonLines = (tx: Tx, names: Names): Promise<PersonLine[]> =>
  tx.list<PersonLine>`
    select p.id, p.name, p.kind, p.email, s.name as sponsor, p.profile, c.name as calendar,
           coalesce((select json_agg(json_build_object('experience', x.name, 'rating', (r ->> 'rating')::integer,
                                                       'expires_at', r ->> 'expires_at', 'evidence', r ->> 'evidence') order by x.name)
                       from jsonb_array_elements(p.ratings) r
                       join resources x on x.tenant_id = p.tenant_id and x.id = (r ->> 'experience_id')::uuid), '[]') as ratings
      from principals p
      left join principals s on s.tenant_id = p.tenant_id and s.id = p.sponsor_id
      left join resources c on c.tenant_id = p.tenant_id and c.id = (p.profile ->> 'calendar_id')::uuid
     where p.kind <> 'system' and (${names}::text[] is null or p.name = any(${names}::text[]))
     order by p.name`
