/**
 * The check of a tenant's log: the leaves in their order beside the entries in order of commit, which must be the
 * same ones, and the tree over them beside tiles and checkpoints. A hash that is kept in three places (entry, leaf,
 * tile) is taken as two of them say it, so that one change is told as one damage, at the entry.
 */
import type { PoolClient } from 'pg'
import { listSigners, parseCheckpoint, parseNote, parseVkey, toOrigin } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { recordKinds } from '#domain/entry.ts'
import type { Damage } from '../verify/report.ts'
import {
  entryIdAt,
  findEntry,
  findLeafIndex,
  findRecordName,
  isSameRow,
  leafAt,
  listKeys,
  placeAt,
  readEntriesAfter,
  readLeaves,
  recordIdAt,
} from './verify-store.ts'
import type { FoundEntry, Page } from './verify-store.ts'
import { addLeaf, beginTree, closeTree, settle, tileLeaf } from './verify-tree.ts'
import type { HeldCheckpoint, Tree } from './verify-tree.ts'

export type LogReport = {
  /** Leaves of the log. */
  readonly size: number
  readonly checkpoints: number
  /** Entries after the last sealed one. */
  readonly unsealed: number
  readonly damages: readonly Damage[]
}

const mostDamages = 1000
const firstId = '00000000-0000-0000-0000-000000000000'

type Check = {
  readonly client: PoolClient
  readonly tree: Tree
  readonly damages: Damage[]
  /** Entries that were told to stand elsewhere than their leaf. */
  readonly displaced: Set<string>
  leaves: Page
  entries: Page
}

/**
 * Reads as docket_auditor, in the transaction of `client`, which has the tenant set. `kept` is the text of a
 * checkpoint that was kept outside: the log must have grown from it.
 */
export async function verifyLog(client: PoolClient, tenantId: string, kept?: string): Promise<LogReport> {
  const { verifiers, flaws } = await loadVerifiers(client, tenantId)
  const held = kept === undefined ? undefined : readHeld(kept, tenantId, verifiers)
  const tree = await beginTree(client, tenantId, verifiers, typeof held === 'string' ? undefined : held)
  tree.flaws.push(...flaws.map((what) => ({ field: 'log_keys' as const, what })))
  if (typeof held === 'string') tree.flaws.push({ field: 'log', what: held })
  const check: Check = {
    client,
    tree,
    damages: [],
    displaced: new Set(),
    leaves: await readLeaves(client, 0),
    entries: await readEntriesAfter(client, 0n, firstId),
  }
  await compare(check)
  const unsealed = await countRest(check)
  // Where the comparison was given up, what is behind is not judged.
  if (check.damages.length < mostDamages) await closeTree(tree)
  const record = { kind: 'tenant' as const, id: tenantId }
  const ofTree = tree.flaws.map(({ field, what }): Damage => ({ record, seq: null, field, what }))
  return {
    size: tree.range.size,
    checkpoints: tree.checkpoints,
    unsealed,
    damages: [...check.damages, ...ofTree],
  }
}

/** Only what an entry of the tenant names is a key of its log; the table must say the same. */
async function loadVerifiers(
  client: PoolClient,
  tenantId: string,
): Promise<{ readonly verifiers: Verifier[]; readonly flaws: string[] }> {
  const { named, held } = await listKeys(client, tenantId)
  const flaws = [
    ...held
      .filter((vkey) => !named.includes(vkey))
      .map((vkey) => `the key ${vkey} of the log is named by no entry`),
    ...named
      .filter((vkey) => !held.includes(vkey))
      .map((vkey) => `the key ${vkey} of the log is named by an entry, and its row is missing`),
  ]
  const verifiers = named.map(parseVkey).filter((one) => one?.name === toOrigin(tenantId))
  return { verifiers: verifiers.filter((one) => one !== undefined), flaws }
}

/** The log that a checkpoint is of, by tenant; undefined when the text is none. */
export function readCheckpointTenant(kept: string): string | undefined {
  const note = parseNote(kept)
  const origin = note === undefined ? undefined : parseCheckpoint(note.text)?.origin
  return /^docket\.log\/([0-9a-f-]{36})$/.exec(origin ?? '')?.[1]
}

/** What the checkpoint says, or why it says nothing of this log. */
function readHeld(kept: string, tenantId: string, verifiers: readonly Verifier[]): HeldCheckpoint | string {
  const note = parseNote(kept)
  const said = note === undefined ? undefined : parseCheckpoint(note.text)
  if (note === undefined || said === undefined) return 'the checkpoint that was handed in is none'
  if (said.origin !== toOrigin(tenantId))
    return `the checkpoint that was handed in is of another log (${said.origin})`
  return listSigners(note, verifiers).length > 0
    ? { size: said.size, root: said.root }
    : 'the checkpoint that was handed in is not signed by a key that the entries of the tenant name'
}

const isEmpty = ({ at, rows }: Page): boolean => at >= rows

/** Walks along both until the leaves end. */
async function compare(check: Check): Promise<void> {
  const { tree, damages } = check
  for (;;) {
    await refill(check)
    const { leaves, entries } = check
    if (isEmpty(leaves) || damages.length >= mostDamages) return
    // Nearly always all of it: a page is gone through without waiting for anything.
    while (!isEmpty(leaves) && !isEmpty(entries) && tree.range.size < tree.stop) {
      if (placeAt(leaves) !== BigInt(tree.range.size) || !isSameRow(leaves, entries)) break
      addLeaf(tree, leafAt(leaves))
      leaves.at += 1
      entries.at += 1
    }
    if (tree.range.size === tree.stop) await settle(tree)
    else if (!isEmpty(leaves) && !isEmpty(entries)) await judge(check)
    else if (!isEmpty(leaves) && (await isAtEnd(check))) await judge(check)
  }
}

async function refill(check: Check): Promise<void> {
  const { client, leaves, entries } = check
  if (isEmpty(leaves) && leaves.rows > 0) check.leaves = await readLeaves(client, lastPlace(leaves) + 1)
  if (isEmpty(entries) && entries.rows > 0) {
    const last = { ...entries, at: entries.rows - 1 }
    check.entries = await readEntriesAfter(client, placeAt(last), entryIdAt(last))
  }
}

const lastPlace = (page: Page): number => Number(placeAt({ ...page, at: page.rows - 1 }))

/** Are there no entries left, after a refill? */
async function isAtEnd(check: Check): Promise<boolean> {
  await refill(check)
  return isEmpty(check.entries)
}

/** One step where leaf and entry are not the same: says what is wrong, and goes on behind it. */
async function judge(check: Check): Promise<void> {
  const { client, tree, leaves, entries, displaced } = check
  const index = tree.range.size
  if (placeAt(leaves) !== BigInt(index)) return judgeGap(check, index)
  const leafEntry = entryIdAt(leaves)
  const headEntry = isEmpty(entries) ? undefined : entryIdAt(entries)
  if (leafEntry === headEntry) return judgePair(check, index)
  if (headEntry !== undefined && displaced.has(headEntry)) {
    entries.at += 1
    return
  }
  const own = await findEntry(client, leafEntry)
  const headIndex = headEntry === undefined ? undefined : await findLeafIndex(client, headEntry)
  const isMisnamed = own === undefined && headIndex === undefined && headEntry !== undefined
  if (isMisnamed && leafAt(leaves).equals(leafAt(entries))) {
    await tell(
      check,
      headEntry,
      'log_leaves',
      `leaf ${index} of the log is this entry's, but names entry ${leafEntry}`,
    )
    return takeBoth(check, leafAt(leaves))
  }
  if (own === undefined) return judgeLost(check, index, leafEntry)
  if (headEntry !== undefined && headIndex === undefined) {
    await tell(check, headEntry, 'log_leaves', 'the entry has no leaf in the log, and entries after it have')
    entries.at += 1
    return
  }
  return judgeOrder(check, index, { leafEntry, headEntry, headIndex, own })
}

/** The same entry on both sides, and another hash or record. */
async function judgePair(check: Check, index: number): Promise<void> {
  const { leaves, entries } = check
  const id = entryIdAt(entries)
  const record = recordIdAt(entries)
  if (recordIdAt(leaves) !== record)
    await tell(
      check,
      id,
      'record_id',
      `leaf ${index} of the log says record ${recordIdAt(leaves)}, the entry ${record}`,
    )
  const sealed = await chooseLeaf(check, index, id, leafAt(entries))
  takeBoth(check, sealed)
}

/** The hash that two of leaf, entry and tile say; the third is told. Without two, that of the leaf. */
async function chooseLeaf(check: Check, index: number, id: string, own: Buffer): Promise<Buffer> {
  const sealed = leafAt(check.leaves)
  if (sealed.equals(own)) return sealed
  if (tileLeaf(check.tree, index)?.equals(own) === true) {
    await tell(check, id, 'log_leaves', `leaf ${index} of the log is not that of the entry`)
    return own
  }
  await tell(check, id, 'leaf', `the entry was changed after it was sealed as leaf ${index} of the log`)
  return sealed
}

/** Rows of leaves are missing before this one. */
async function judgeGap(check: Check, index: number): Promise<void> {
  const { tree, leaves, entries } = check
  const inTile = tileLeaf(tree, index)
  // No tile and no checkpoint reaches as far: the log ends here.
  if (inTile === undefined && tree.ahead.length === 0) {
    const what = `leaf ${placeAt(leaves)} of the log stands beyond its ${index} leaves`
    tree.flaws.push({ field: 'log', what })
    leaves.at += 1
    return
  }
  if (!isEmpty(entries) && (inTile === undefined || inTile.equals(leafAt(entries)))) {
    await tell(check, entryIdAt(entries), 'log_leaves', `leaf ${index} of the log, this entry's, is missing`)
    addLeaf(tree, leafAt(entries))
    entries.at += 1
    return
  }
  tree.flaws.push({ field: 'log', what: `leaf ${index} of the log is missing, and so is its entry` })
  addLeaf(tree, inTile ?? leafAt(check.leaves))
}

async function judgeLost(check: Check, index: number, id: string): Promise<void> {
  const record = recordIdAt(check.leaves)
  const { kind, number } = await findRecordName(check.client, record)
  const known = recordKinds.find((one) => one === kind) ?? 'work_order'
  check.damages.push({
    record: { kind: known, id: record, ...(number === null ? {} : { number }) },
    seq: null,
    field: null,
    what: `the entry ${id} was sealed as leaf ${index} of the log, and is missing`,
  })
  takeLeaf(check, tileLeaf(check.tree, index) ?? leafAt(check.leaves))
}

type Misplaced = {
  readonly leafEntry: string
  readonly headEntry: string | undefined
  readonly headIndex: number | undefined
  readonly own: FoundEntry
}

/** Both are sealed, at other places: the tile tells whether leaves were moved; of entries, what comes next does. */
async function judgeOrder(check: Check, index: number, found: Misplaced): Promise<void> {
  const { displaced, entries, tree } = check
  const { leafEntry, headEntry, headIndex, own } = found
  if (headEntry !== undefined && tileLeaf(tree, index)?.equals(leafAt(entries)) === true) {
    await tell(check, headEntry, 'log_leaves', `leaf ${index} of the log is that of another entry`)
    return takeBoth(check, leafAt(entries))
  }
  const what = 'the entry does not stand in the order of commit in which it was sealed'
  if (!displaced.has(leafEntry) && headEntry !== undefined && headIndex !== index + 1) {
    displaced.add(headEntry)
    await tell(check, headEntry, 'xid', what)
    entries.at += 1
    return
  }
  if (!displaced.has(leafEntry)) await tell(check, leafEntry, 'xid', what)
  displaced.add(leafEntry)
  takeLeaf(check, await chooseLeaf(check, index, leafEntry, own.leaf))
}

function takeLeaf({ tree, leaves }: Check, leaf: Buffer): void {
  addLeaf(tree, leaf)
  leaves.at += 1
}

function takeBoth(check: Check, leaf: Buffer): void {
  takeLeaf(check, leaf)
  check.entries.at += 1
}

async function tell({ client, damages }: Check, entryId: string, field: string, what: string): Promise<void> {
  const entry = await findEntry(client, entryId)
  const record = entry?.record ?? entryId
  const { number } = await findRecordName(client, record)
  const kind = recordKinds.find((one) => one === entry?.kind) ?? 'work_order'
  damages.push({
    record: { kind, id: record, ...(number === null ? {} : { number }) },
    seq: entry?.seq ?? null,
    field,
    what,
  })
}

/** Entries behind the last leaf: they are sealed soon. Those that were told to be displaced are not among them. */
async function countRest(check: Check): Promise<number> {
  let unsealed = 0
  while (check.damages.length < mostDamages) {
    await refill(check)
    const { entries } = check
    if (isEmpty(entries)) break
    for (; !isEmpty(entries); entries.at += 1) if (!check.displaced.has(entryIdAt(entries))) unsealed += 1
  }
  return unsealed
}
