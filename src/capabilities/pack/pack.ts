/**
 * A pack while it is being written. The rule to remember: everything is read from one moment of the database, and
 * that moment lies before the checkpoint, so that each entry of the pack has its proof.
 */
import type { Actor } from '#domain/principal.ts'
import type { Tx } from '#platform/tx.ts'
import { openZip } from '#platform/zip.ts'
import type { Sink, ZippedFile, ZipWriter } from '#platform/zip.ts'
import { openProver } from '../log/prove.ts'
import type { Prover } from '../log/prove.ts'
import type { CheckpointRow } from '../log/store.ts'
import type { TenantRow } from '../tenant/store.ts'
import type { Cell } from './document.ts'
import type { LogFacts } from './facts.ts'
import { openPrinter } from './printer.ts'
import type { Printer } from './printer.ts'
import { listNames, listTags } from './store.ts'
import type { DelegationRow, NameRow, Scope } from './store.ts'

/** The scope as the caller said it, with names instead of ids; it stands in the manifest and in the entry. */
export type ShownScope = { readonly [what: string]: string }

/** What is to be exported. */
export type PackOrder = {
  readonly scope: Scope
  readonly shown: ShownScope
  readonly records: number
  /** Size of an older checkpoint, from which the pack proves that the log grew. */
  readonly since: number | undefined
  /** Keys of the witnesses of this installation. */
  readonly witnesses: readonly string[]
}

/** Runs work in a transaction of its own, later than the moment that the pack shows. */
export type Later = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

export type Pack = {
  readonly order: PackOrder
  /** One moment of the database. */
  readonly tx: Tx
  readonly later: Later
  readonly actor: Actor
  readonly tenant: TenantRow
  readonly madeAt: string
  readonly checkpoint: CheckpointRow
  readonly log: LogFacts
  readonly prover: Prover
  readonly printer: Printer
  readonly zip: ZipWriter
  readonly files: ZippedFile[]
  /** Everybody who appears anywhere, and the tags of assets, by id. */
  readonly names: Map<string, NameRow>
  readonly tags: Map<string, string>
  /** Whose signatures are in the pack, and for whom they were given. */
  readonly signers: Set<string>
  readonly delegations: Map<string, DelegationRow>
  /** Rows of the list of records. */
  readonly rows: (readonly Cell[])[]
}

type Opening = Pick<Pack, 'order' | 'tx' | 'later' | 'actor' | 'tenant' | 'madeAt' | 'checkpoint'>

export function openPack(opening: Opening, sink: Sink): Pack {
  const { checkpoint, madeAt, tenant } = opening
  return {
    ...opening,
    log: {
      origin: `docket.log/${tenant.id}`,
      size: checkpoint.tree_size,
      root: checkpoint.root.toString('hex'),
      sealedAt: checkpoint.created_at,
    },
    prover: openProver(checkpoint.tree_size),
    printer: openPrinter(),
    zip: openZip(sink, new Date(madeAt)),
    files: [],
    names: new Map(),
    tags: new Map(),
    signers: new Set(),
    delegations: new Map(),
    rows: [],
  }
}

export async function addFile(pack: Pack, path: string, content: string | Buffer): Promise<ZippedFile> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  const file = await pack.zip.add(path, bytes)
  pack.files.push(file)
  return file
}

export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
export const toLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')

/** Names of people and tags of assets that were not met before. */
export async function meet(
  pack: Pack,
  principalIds: readonly string[],
  assetIds: readonly string[],
): Promise<void> {
  const { tx, names, tags } = pack
  const strangers = [...new Set(principalIds)].filter((id) => !names.has(id))
  for (const row of strangers.length === 0 ? [] : await listNames(tx, strangers)) names.set(row.id, row)
  const unknown = [...new Set(assetIds)].filter((id) => !tags.has(id))
  for (const { id, tag } of unknown.length === 0 ? [] : await listTags(tx, unknown)) tags.set(id, tag)
}

/** As the proofs of a chain are written: standard base64, by the sequence of the entry. */
export async function proveChain(
  pack: Pack,
  entries: readonly { readonly id: string; readonly seq: number }[],
): Promise<{ seq: number; leaf_index: number; proof: string[] }[]> {
  const proved = await pack.later((tx) =>
    pack.prover.prove(
      tx,
      entries.map(({ id }) => id),
    ),
  )
  return entries.flatMap(({ id, seq }) => {
    const one = proved.get(id)
    if (one === undefined) return []
    return [{ seq, leaf_index: one.leaf_index, proof: one.proof.map((hash) => hash.toString('base64')) }]
  })
}
