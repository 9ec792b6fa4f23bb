/** Who the caller is, as Docket sees it. */
import { z } from 'zod'
import { grantedRoles, principalKinds } from '#domain/principal.ts'
import { accept } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'
import { loadTenant } from '../tenant/store.ts'

export const me = operation({
  name: 'me.get',
  summary: 'Read who you are: principal, tenant, roles',
  http: ['GET', '/v1/me'],
  permission: everyone,
  mutates: false,
  example: '',
  input: z.strictObject({}),
  output: z.object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(principalKinds),
    sponsor_id: z.uuid().nullable(),
    tenant: z.object({ id: z.uuid(), slug: z.string(), name: z.string(), default_lifecycle: z.string() }),
    grants: z.array(z.object({ role: z.enum(grantedRoles), asset_id: z.uuid().nullable() })),
  }),
  async run(tx, actor) {
    const { id, name, kind, sponsorId, grants } = actor
    const tenant = await loadTenant(tx)
    return accept({ id, name, kind, sponsor_id: sponsorId, tenant, grants: [...grants] })
  },
})
