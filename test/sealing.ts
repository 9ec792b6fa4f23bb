/**
 * Sealing in tests: the fixture runs no sealer of its own, so that a test decides when its log grows. Transactions
 * of other test files on the same server hold the horizon back for moments; `sealAll` goes on until all is in.
 */
import { setTimeout } from 'node:timers/promises'
import { openSealing, sealTenant } from '#capabilities/log/sealer.ts'
import type { Sealing } from '#capabilities/log/sealer.ts'
import { withClient } from '#platform/database.ts'
import type { Fixture } from './fixture.ts'

const mostMs = 30_000

export const openTestSealing = ({ service }: Fixture): Sealing =>
  openSealing(() => service.installation.urlOf('docket_sealer'), service.floor, service.log)

/** Seals everything that is committed, of every tenant of the fixture or of one; gives the number of leaves added. */
export async function sealAll(fixture: Fixture, slug?: string): Promise<number> {
  const sealing = openTestSealing(fixture)
  const until = performance.now() + mostMs
  let leaves = 0
  try {
    for (const id of await listTenantIds(fixture, slug)) {
      for (;;) {
        const sealed = await sealTenant(sealing, id)
        leaves += sealed.leaves
        if (sealed.more) continue
        if ((await countUnsealed(fixture, id)) === 0) break
        if (performance.now() > until) throw new Error(`${id} is not sealed after ${mostMs} ms`)
        await setTimeout(10)
      }
    }
  } finally {
    await sealing.db.close()
  }
  return leaves
}

async function listTenantIds({ adminUrl }: Fixture, slug: string | undefined): Promise<string[]> {
  return withClient(adminUrl, async (client) => {
    const text = 'select tenant_id as id from tenants where $1::text is null or slug = $1 order by slug'
    const { rows } = await client.query<{ id: string }>(text, [slug ?? null])
    return rows.map(({ id }) => id)
  })
}

/** Asked as superuser, whom row security does not reach: entries of the tenant without a leaf. */
export async function countUnsealed({ adminUrl }: Fixture, tenantId: string): Promise<number> {
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from entries e where e.tenant_id = $1
          and not exists (select from log_leaves l where l.tenant_id = e.tenant_id and l.entry_id = e.id)`,
      [tenantId],
    )
    return rows[0]?.n ?? 0
  })
}

/** Until no transaction of any test on this server holds the fixture's entries back. */
export async function untilSealable({ adminUrl }: Fixture): Promise<void> {
  const until = performance.now() + mostMs
  await withClient(adminUrl, async (client) => {
    for (;;) {
      const { rowCount } = await client.query(
        'select from entries where xid >= pg_snapshot_xmin(pg_current_snapshot()) limit 1',
      )
      if (rowCount === 0) return
      if (performance.now() > until) throw new Error(`entries are held back for ${mostMs} ms`)
      await setTimeout(10)
    }
  })
}
