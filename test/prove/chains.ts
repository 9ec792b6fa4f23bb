/**
 * The chains of a whole database, checked a second way: read by the superuser, without row security and
 * without the service, and hashed again from the stored bytes. The verifier of the product looks as well.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import type { EntryBody } from '#domain/entry.ts'
import { tables } from '#capabilities/verify/store.ts'
import { withClient } from '#platform/database.ts'
import { toInstallation } from '#platform/setup.ts'

export type LoggedEntry = {
  readonly id: string
  readonly tenant_id: string
  readonly record_kind: string
  readonly record_id: string
  readonly seq: number
  readonly action: string
  /** Transaction ids are compared as numbers: as texts, 9 would come after 10. */
  readonly xid: bigint
  readonly leaf: Buffer
  readonly body: EntryBody
}
type Row = Omit<LoggedEntry, 'xid' | 'body'> & { readonly xid: string; readonly body: Buffer }
type Head = {
  readonly id: string
  readonly version: number
  readonly entry_seq: number
  readonly entry_head: Buffer
}

/** Every entry of every tenant, each record's in order; the hashes and links of each are asserted. */
export async function assertChains(adminUrl: string): Promise<LoggedEntry[]> {
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<Row>(
      `select id, tenant_id, record_kind, record_id, seq, action, xid::text as xid, leaf, body
         from entries order by tenant_id, record_id, seq, id`,
    )
    const last = new Map<string, Row>()
    for (const row of rows) {
      assertLink(row, last.get(row.record_id))
      last.set(row.record_id, row)
    }
    for (const table of Object.values(tables)) {
      const heads = await client.query<Head>(`select id, version, entry_seq, entry_head from ${table}`)
      for (const head of heads.rows) {
        const tip = last.get(head.id)
        assert.ok(tip !== undefined, `${table} ${head.id} has no entry`)
        assert.equal(head.entry_seq, tip.seq, `${table} ${head.id}: the row's head is another entry`)
        assert.ok(head.entry_head.equals(tip.leaf), `${table} ${head.id}: the row's head is another leaf`)
        assert.equal(head.version, toBody(tip).version, `${table} ${head.id}: the row's version`)
        last.delete(head.id)
      }
    }
    assert.equal(last.size, 0, 'entries of records that are not there')
    return rows.map((row) => ({ ...row, xid: BigInt(row.xid), body: toBody(row) }))
  })
}

const toBody = ({ body }: Row): EntryBody => JSON.parse(body.toString('utf8')) as EntryBody

function assertLink(row: Row, before: Row | undefined): void {
  const where = `entry ${row.seq} of ${row.record_kind} ${row.record_id}`
  assert.equal(row.seq, (before?.seq ?? 0) + 1, `${where}: the sequence has a gap or a double`)
  const leaf = createHash('sha256').update(Buffer.of(0)).update(row.body).digest()
  assert.ok(leaf.equals(row.leaf), `${where}: the leaf is not the hash of the body`)
  const body = toBody(row)
  assert.equal(body.prev, before?.leaf.toString('hex') ?? null, `${where}: the link to the entry before`)
  assert.deepEqual(
    [body.id, body.tenant, body.record.id, body.seq, body.action],
    [row.id, row.tenant_id, row.record_id, row.seq, row.action],
    `${where}: body and columns`,
  )
}

/** Each record's entries must come in the order of their transactions too: the log is read by (xid, id). */
export function assertCommitOrder(entries: readonly LoggedEntry[]): void {
  entries.forEach((entry, i) => {
    const before = entries[i - 1]
    if (before === undefined || before.record_id !== entry.record_id) return
    const inOrder = before.xid < entry.xid || (before.xid === entry.xid && before.id < entry.id)
    assert.ok(
      inOrder,
      `${entry.record_kind} ${entry.record_id}: entry ${entry.seq} (${entry.xid}, ${entry.id}) is read before entry ${before.seq} (${before.xid}, ${before.id})`,
    )
  })
}

/** `docket verify` over every tenant that has entries. */
export async function assertVerified(adminUrl: string, entries: readonly LoggedEntry[]): Promise<void> {
  const auditor = toInstallation(() => adminUrl, '').urlOf('docket_auditor')
  for (const tenant of new Set(entries.map((entry) => entry.tenant_id))) {
    const report = await verifyTenant(auditor, tenant)
    assert.deepEqual(report.damages, [])
    assert.equal(report.entries, entries.filter((entry) => entry.tenant_id === tenant).length)
  }
}
