/**
 * The drill: a database with signed work orders and a sealed log is damaged as a superuser can, thousands of times,
 * and verified each time with one old checkpoint in hand. Every damage must be found, nearly every one located to its
 * entry; and where nothing was damaged, nothing may be found.
 */
import assert from 'node:assert/strict'
import { Client } from 'pg'
import { exportTrail } from '#capabilities/verify/trail.ts'
import { verifyTenant } from '#capabilities/verify/verify.ts'
import type { Damage } from '#capabilities/verify/report.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { trailVerifier } from '../offline-verify/verifier.ts'
import { sealAll } from '../sealing.ts'
import { makeSignedWorld, submit } from './forgery-world.ts'
import { openRandom } from './proof.ts'
import type { Figures, Proof, Random } from './proof.ts'
import { edits } from './tamper-edit.ts'
import type { Edit, EntryRow, Ground } from './tamper-edit.ts'

const sizes = { small: { edits: 75, clean: 5 }, full: { edits: 2400, clean: 200 } } as const
/** These replace everything; each is done so many times in a hundred. */
const wholesale = ['restore an old backup', 'rewrite everything and seal it again'] as const

type Drill = {
  readonly fixture: Fixture
  readonly client: Client
  readonly tenantId: string
  readonly otherTenantId: string
  readonly tables: readonly Table[]
  /** A checkpoint that somebody wrote down. */
  readonly kept: string
  readonly keptSize: number
}
type Table = { readonly name: string; readonly columns: string }

export async function proveTamper(proof: Proof): Promise<Figures> {
  const fixture = await openFixture()
  const client = new Client({ connectionString: fixture.adminUrl })
  await client.connect()
  try {
    const drill = await makeDrill(fixture, client)
    // A superuser takes away what is in his way.
    await client.query('alter table checkpoints drop constraint the_note_says_log_size_and_root')
    const clean = await runClean(drill, sizes[proof.size].clean)
    proof.say(`${clean} clean runs, no false alarm`)
    await sealAll(fixture)
    await keep(drill, 'kept')
    const random = openRandom(proof.seed)
    const tally = new Map<string, Count>()
    const missed: string[] = []
    for (let i = 0; i < sizes[proof.size].edits; i += 1) {
      const kind = pickKind(i, random)
      const { told, ...outcome } = await damage(drill, kind, random)
      const count = tally.get(kind) ?? nothingYet
      tally.set(kind, {
        done: count.done + 1,
        found: count.found + Number(outcome.found),
        located: count.located + Number(outcome.located),
        foundOffline: count.foundOffline + Number(outcome.foundOffline),
        locatedOffline: count.locatedOffline + Number(outcome.locatedOffline),
      })
      if (!Object.values(outcome).every(Boolean))
        missed.push(`${i} ${kind} ${JSON.stringify(outcome)}: ${told}`)
      if ((i + 1) % 200 === 0) proof.say(`${i + 1} edits`)
    }
    return judge([...tally], missed, clean, proof)
  } finally {
    await client.end()
    await fixture.close()
  }
}

type Count = {
  readonly done: number
  readonly found: number
  readonly located: number
  readonly foundOffline: number
  readonly locatedOffline: number
}
const nothingYet: Count = { done: 0, found: 0, located: 0, foundOffline: 0, locatedOffline: 0 }

function judge(
  tally: readonly (readonly [string, Count])[],
  missed: readonly string[],
  clean: number,
  proof: Proof,
): Figures {
  for (const [kind, count] of tally)
    proof.say(
      `${kind}: ${count.done} done, ${count.found} found, ${count.located} located; offline ${count.foundOffline} found, ${count.locatedOffline} located`,
    )
  for (const line of missed.slice(0, 20)) proof.say(`not located: ${line}`)
  const sum = (of: keyof Count): number => tally.reduce((n, [, count]) => n + count[of], 0)
  const [done, found, located] = [sum('done'), sum('found'), sum('located')]
  assert.equal(found, done, missed.slice(0, 5).join('\n'))
  // One verdict: whatever the one finds, the other finds.
  assert.equal(sum('foundOffline'), done, missed.slice(0, 5).join('\n'))
  // A log that was rewritten whole shows that it is another one, and nothing shows where it began to be.
  const exempt = proof.size === 'small' ? tally.filter(([kind]) => isWholesale(kind)) : []
  const few = exempt.reduce((n, [, count]) => n + count.done - count.located, 0)
  assert.ok(
    located >= 0.99 * (done - few),
    `${located} of ${done} located\n${missed.slice(0, 10).join('\n')}`,
  )
  assert.ok(
    sum('locatedOffline') >= 0.99 * (done - few),
    `${sum('locatedOffline')} of ${done} located offline\n${missed.slice(0, 10).join('\n')}`,
  )
  return {
    'kinds of damage': tally.length,
    edits: done,
    found,
    located,
    'found offline': sum('foundOffline'),
    'located offline': sum('locatedOffline'),
    'clean runs without a finding': clean,
  }
}

const isWholesale = (kind: string): boolean => (wholesale as readonly string[]).includes(kind)

function pickKind(i: number, random: Random): string {
  const kinds = Object.keys(edits)
  const rare = i % 200 === 50 ? wholesale[0] : i % 200 === 60 ? wholesale[1] : undefined
  return rare ?? (i < kinds.length ? kinds[i] : undefined) ?? random.pick(kinds)
}

async function makeDrill(fixture: Fixture, client: Client): Promise<Drill> {
  await makeSignedWorld(fixture)
  await sealAll(fixture)
  const { rows } = await client.query<{ tenant_id: string; slug: string }>(
    'select tenant_id, slug from tenants',
  )
  const idOf = (slug: string): string => rows.find((row) => row.slug === slug)?.tenant_id ?? ''
  const partial = { fixture, client, tenantId: idOf('acme-bio'), otherTenantId: idOf('superportia') }
  const tables = await listTables(client)
  await keep({ ...partial, tables }, 'backup')
  for (let i = 0; i < 4; i += 1) await submit(fixture)
  await sealAll(fixture)
  const { rows: notes } = await client.query<{ note: string; tree_size: number }>(
    'select note, tree_size::int as tree_size from checkpoints where tenant_id = $1 order by tree_size desc limit 1',
    [partial.tenantId],
  )
  const [newest] = notes
  if (newest === undefined) throw new Error('nothing was sealed')
  // What comes after the checkpoint that is in hand.
  for (let i = 0; i < 3; i += 1) await submit(fixture)
  await sealAll(fixture)
  return { ...partial, tables, kept: newest.note, keptSize: newest.tree_size }
}

/** Tables with their columns that can be written: partitions are reached through their parent. */
async function listTables(client: Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select c.relname as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname not in ('docket_migrations', 'lifecycle_transitions')
      group by c.relname order by c.relname`,
  )
  return rows
}

async function keep({ client, tables }: Pick<Drill, 'client' | 'tables'>, schema: string): Promise<void> {
  await client.query(`create schema ${schema}`)
  for (const { name, columns } of tables)
    await client.query(`create table ${schema}.${name} as select ${columns} from public.${name}`)
}

/** Everything as it was kept; with triggers off, since nothing at run time could do this. */
async function restore({ client, tables }: Drill, schema: string): Promise<void> {
  await client.query('begin')
  await client.query(`set local session_replication_role = replica`)
  for (const { name, columns } of tables) {
    await client.query(`delete from public.${name}`)
    await client.query(`insert into public.${name} (${columns}) select ${columns} from ${schema}.${name}`)
  }
  await client.query('commit')
}

type Outcome = {
  readonly found: boolean
  readonly located: boolean
  /** Does the verifier that shares no code with the service see it too? */
  readonly foundOffline: boolean
  readonly locatedOffline: boolean
  readonly told: string
}

async function damage(drill: Drill, kind: string, random: Random): Promise<Outcome> {
  const edit = await apply(drill, kind, random)
  try {
    const damages = await verify(drill)
    const offline = await verifyOffline(drill)
    const told = [...damages, ...offline].map(
      ({ record, seq, field, what }) => `${record.id} ${seq} ${field}: ${what}`,
    )
    return {
      found: damages.length > 0,
      located: isLocated(edit, damages),
      foundOffline: offline.length > 0,
      locatedOffline: isLocated(edit, offline),
      told: told.slice(0, 6).join(' | '),
    }
  } finally {
    await restore(drill, 'kept')
  }
}

async function apply(drill: Drill, kind: string, random: Random): Promise<Edit> {
  const { client, tenantId, otherTenantId } = drill
  if (kind === 'restore an old backup') {
    await restore(drill, 'backup')
    return { says: /its end is missing/ }
  }
  const { rows: entries } = await client.query<EntryRow>(
    'select id, record_kind, record_id, seq, leaf, body from entries where tenant_id = $1 order by record_id, seq',
    [tenantId],
  )
  const { rows: leaves } = await client.query<{ entry_id: string }>(
    'select entry_id from log_leaves where tenant_id = $1 order by leaf_index',
    [tenantId],
  )
  // A checkpoint vouches for what was sealed up to it, and for nothing after it.
  const covered = new Set(leaves.slice(0, drill.keptSize).map((leaf) => leaf.entry_id))
  const ground: Ground = {
    client,
    random,
    tenantId,
    otherTenantId,
    entries,
    ...(isWholesale(kind) ? { chosenFrom: covered } : {}),
    lastSealed: leaves.at(-1)?.entry_id ?? '',
  }
  const name =
    kind === 'rewrite everything and seal it again' ? 'edit a body and link everything after it again' : kind
  const change = edits[name]
  if (change === undefined) throw new Error(`no edit ${kind}`)
  await client.query('set session_replication_role = replica')
  const edit = await change(ground)
  if (name !== kind)
    await client.query(
      `delete from log_leaves where tenant_id = '${tenantId}'; delete from log_tiles where tenant_id = '${tenantId}';
       delete from cosignatures where tenant_id = '${tenantId}'; delete from checkpoints where tenant_id = '${tenantId}'`,
    )
  await client.query('set session_replication_role = origin')
  // Whoever has the installation has the key of the log too, and can sign what he likes.
  if (name !== kind) await sealAll(drill.fixture, 'acme-bio')
  return edit
}

const verify = async ({ fixture, tenantId, kept }: Drill): Promise<readonly Damage[]> =>
  (await verifyTenant(fixture.service.installation.urlOf('docket_auditor'), tenantId, undefined, 1, kept))
    .damages

/** The trail of the same database, read by the verifier that knows nothing of the service. */
async function verifyOffline({ fixture, tenantId, kept }: Drill): Promise<readonly Told[]> {
  const trail = trailVerifier.beginTrail()
  await exportTrail(fixture.service.installation.urlOf('docket_auditor'), tenantId, (line) =>
    trail.take(line),
  )
  return trail.close({ checkpoint: kept }).findings.map(({ record, seq, field, what }) => ({
    record: { id: record ?? tenantId },
    seq: seq ?? null,
    field: field ?? null,
    what,
  }))
}

type Told = Pick<Damage, 'seq' | 'field' | 'what'> & { readonly record: { readonly id: string } }

function isLocated(edit: Edit, damages: readonly Told[]): boolean {
  return damages.some(({ record, seq, field, what }) => {
    if (edit.says?.test(`${field}: ${what}`) === true) return true
    if (edit.entry !== undefined && what.includes(edit.entry)) return true
    if (record.id !== edit.record) return false
    return edit.seq === undefined || seq === edit.seq || new RegExp(`\\b${edit.seq}\\b`).test(what)
  })
}

/** Ordinary work, sealed and verified again and again. */
async function runClean(drill: Drill, many: number): Promise<number> {
  const { fixture, tenantId } = drill
  const { rows } = await drill.client.query<{ id: string }>(
    `select id from work_orders where tenant_id = $1 and category <> 'done'`,
    [tenantId],
  )
  for (let i = 0; i < many; i += 1) {
    const { id } = rows[i % rows.length] ?? { id: '' }
    const path = `/v1/work-orders/${id}/comments`
    const reply = await fixture.call('Pat Planner', 'POST', path, { body: `looked at ${i}` })
    assert.ok(reply.status === 201, reply.text)
    if (i % 2 === 0) await sealAll(fixture, 'acme-bio')
    assert.deepEqual(await verify(drill), [], `clean run ${i}`)
    assert.deepEqual(await verifyOffline(drill), [], `clean run ${i}, offline`)
  }
  return many
}
