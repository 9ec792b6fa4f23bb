/**
 * The whole audit trail of a tenant as lines of JSON, for a verifier that has no part of Docket
 * (verify/docket-trail.mjs). It is what stands in the database, in one snapshot, read as docket_auditor: nothing is
 * checked, mended or left out because it does not fit. The bytes of attachments are not in it; packs have them.
 */
import { connect, openDatabase } from '#platform/database.ts'
import { beginReading } from './store.ts'
import { copyTrail, findMoment } from './trail-store.ts'

/** Written to docs/concepts/trail.md; a reader refuses another one. */
const trailFormat = 'docket-trail/1'

/**
 * Gives the trail line by line, each with its line break; `url` is the login of docket_auditor. The first line is the
 * head: format, tenant, and when it was read.
 */
export async function exportTrail(
  url: string,
  tenantId: string,
  onLine: (line: string) => void,
): Promise<{ readonly lines: number }> {
  const db = openDatabase({ url, max: 1, applicationName: 'docket-trail' })
  const client = await connect(db)
  try {
    await beginReading(client, tenantId)
    const { slug, now } = await findMoment(client)
    const head = { type: 'head', format: trailFormat, tenant: { id: tenantId, slug }, read_at: now }
    onLine(`${JSON.stringify(head)}\n`)
    return { lines: 1 + (await copyTrail(client, onLine)) }
  } finally {
    client.release(true)
    await db.close()
  }
}
