/**
 * What belongs to the whole pack: who is who, whose key is whose, and the log that all of it is in. Of everybody who
 * signed, or for whom was signed, the whole chain is here, because only a whole chain shows what is not in it.
 */
import { X509Certificate } from 'node:crypto'
import { sha256 } from '#domain/statement.ts'
import { toCosignedNote } from '../log/prove.ts'
import type { PrintDocument } from './document.ts'
import { mono } from './document.ts'
import { toHtml } from './html.ts'
import { addFile, meet, proveChain, toJson, toLines } from './pack.ts'
import type { Pack } from './pack.ts'
import { toReadme } from './readme.ts'
import { toEntryLines } from './record-files.ts'
import { listAuthorities, listChain, listKeys } from './store.ts'
import type { KeyRow } from './store.ts'
import { toUtcText } from './time.ts'

export async function writeDirectory(pack: Pack): Promise<void> {
  const { tx, tenant, delegations, signers } = pack
  const people = [...signers].toSorted()
  const given = [...delegations.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const proofs: { [id: string]: unknown } = {}
  const chains = [[tenant.id, 'tenant'], ...[...people, ...given.map(({ id }) => id)].map((id) => [id, id])]
  for (const [id = '', name = ''] of chains) {
    const chain = await listChain(tx, id)
    proofs[id] = await proveChain(pack, chain)
    await addFile(pack, `directory/${name}.ndjson`, toEntryLines(chain))
    await meet(
      pack,
      chain.flatMap(({ body }) => actorsIn(body)),
      [],
    )
  }
  await addFile(pack, 'directory/proofs.json', toJson(proofs))
  await addFile(pack, 'delegations.ndjson', toLines(given))
  await writeKeys(pack, people)
  const everybody = [...pack.names.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  await addFile(pack, 'principals.json', toJson(everybody.map(({ id, kind, name }) => ({ id, kind, name }))))
  await addFile(
    pack,
    'tenant.json',
    toJson({
      id: tenant.id,
      slug: tenant.slug,
      name: tenant.name,
      log_vkey: pack.checkpoint.vkey,
      witnesses: pack.order.witnesses,
    }),
  )
  await writeLog(pack)
}

/** Who acted in an entry, and who answers for him. */
function actorsIn(body: Buffer): string[] {
  const { actor } = JSON.parse(body.toString('utf8')) as { actor: { id: string; sponsor: string | null } }
  return actor.sponsor === null ? [actor.id] : [actor.id, actor.sponsor]
}

const toPem = (der: Buffer): string => new X509Certificate(der).toString()

async function writeKeys(pack: Pack, people: readonly string[]): Promise<void> {
  const { tx } = pack
  for (const { id, certificate } of await listAuthorities(tx))
    await addFile(pack, `certificates/ca-${id}.pem`, toPem(certificate))
  const keys = people.length === 0 ? [] : await listKeys(tx, people)
  for (const { id, certificate } of keys) await addFile(pack, `certificates/${id}.pem`, toPem(certificate))
  const { id: rpId, origins } = tx.relyingParty
  const toKey = ({ certificate, ...key }: KeyRow): object => ({
    id: key.id,
    principal_id: key.principal_id,
    kind: key.kind,
    certificate_sha256: sha256(certificate).toString('hex'),
    status: key.status,
    confirmed_at: key.confirmed_at,
    revoked_at: key.revoked_at,
    rp_id: key.kind === 'passkey' ? rpId : null,
    origin: key.kind === 'passkey' ? (origins[0] ?? null) : null,
  })
  await addFile(pack, 'keys.json', toJson(keys.map(toKey)))
}

async function writeLog(pack: Pack): Promise<void> {
  const { checkpoint, order, prover } = pack
  await addFile(pack, 'log/checkpoint.txt', toCosignedNote(checkpoint))
  await addFile(pack, 'log/vkey.txt', `${checkpoint.vkey}\n`)
  const from = order.since
  if (from === undefined || from === checkpoint.tree_size) return
  const proof = await pack.later((tx) => prover.proveGrowth(tx, from))
  const hashes = proof.map((hash) => hash.toString('base64'))
  await addFile(pack, 'log/consistency.json', toJson({ from, to: checkpoint.tree_size, proof: hashes }))
}

export async function writeReading(pack: Pack): Promise<void> {
  const { tenant, order, madeAt, actor, log, checkpoint } = pack
  const scope = toScopeText(order.shown)
  const about = {
    tenant: tenant.name,
    scope,
    madeAt: toUtcText(madeAt),
    madeBy: actor.name,
    records: pack.rows.length,
    log,
    vkey: checkpoint.vkey,
  }
  await addFile(pack, 'README.txt', toReadme(about))
  await addFile(pack, 'index.html', toHtml(toIndex(pack, scope)))
}

const toScopeText = (shown: Pack['order']['shown']): string =>
  shown['from'] === undefined
    ? `${shown['asset'] === undefined ? 'Work order' : 'Asset'} ${shown['asset'] ?? shown['work_order']}`
    : `Records with an entry from ${shown['from']} to ${shown['to']} (UTC, both days included)`

function toIndex(pack: Pack, scope: string): PrintDocument {
  const { tenant, madeAt, actor, log, checkpoint, rows } = pack
  return {
    name: 'Inspection pack',
    title: scope,
    tenant: tenant.name,
    mark: null,
    tokens: [rows.length === 1 ? 'one record' : `${rows.length} records`],
    sections: [
      {
        title: 'Records',
        blocks: [
          {
            kind: 'table',
            head: ['Number', 'Title', 'Status', 'Kind', 'Signatures', 'Entries'],
            widths: [18, 40, 16, 10, 9, 7],
            rows,
          },
        ],
      },
      {
        title: 'This pack',
        blocks: [
          {
            kind: 'fields',
            fields: [
              ['Exported by', actor.name],
              ['As of', toUtcText(madeAt)],
              ['Tenant', `${tenant.name} (${tenant.slug})`],
              [
                'Log',
                `${log.origin}\n${log.size.toLocaleString('en')} entries, sealed ${toUtcText(log.sealedAt)}`,
              ],
              ['Key of the log', mono(checkpoint.vkey)],
              ['Root of the log', mono(log.root)],
            ],
          },
        ],
      },
      {
        title: 'How to check it',
        blocks: [
          {
            kind: 'text',
            label: 'With the verifier',
            text: 'Get docket-verify.mjs from whom you trust, ask the tenant for the key of its log in another way than this pack, and run:\n\nnode docket-verify.mjs PACK.zip --vkey vkey.txt\n\nREADME.txt says what it checks, and how to check by hand.',
          },
        ],
      },
    ],
    foot: `${tenant.name} · ${scope} · ${toUtcText(madeAt)} · root of the log ${log.root}`,
    madeAt,
    up: null,
  }
}
