/**
 * The memory of a witness: one file to which lines are only ever added, each an accepted checkpoint, on disk
 * before anybody is answered. A torn last line was never answered, so it is cut; any other damage stops the start,
 * because a witness that forgot is worse than one that is away.
 */
import {
  closeSync,
  createReadStream,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { listSigners, parseCheckpoint, parseNote } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import type { Seen } from './protocol.ts'

/** The witness cannot start; the message says what to do. */
export class WitnessProblem extends Error {
  override readonly name = 'WitnessProblem'
}

/** A line of the file, and what is remembered of each log: the last one. */
export type Kept = Seen & {
  readonly origin: string
  /** RFC 3339. */
  readonly at: string
  /** The checkpoint with the log's signature and ours. */
  readonly note: string
}

export type Memory = {
  last(origin: string): Kept | undefined
  /** Returns when the line is on disk. Throws when it is not; the file is then as it was. */
  keep(kept: Kept): void
  close(): void
}

const formatLine = ({ at, origin, size, root, note }: Kept): string =>
  `${JSON.stringify({ at, origin, size, root: root.toString('base64'), note })}\n`

export async function openMemory(folder: string, own: Verifier): Promise<Memory> {
  const unlock = lockFolder(folder)
  const path = join(folder, 'checkpoints.jsonl')
  const file = openSync(path, 'a+', 0o600)
  try {
    let length = cutTornLine(file)
    syncFolder(folder)
    const kept = await readLines(path, own)
    const add = (line: Buffer): void => {
      if (fstatSync(file).size !== length)
        throw new WitnessProblem(`${path} was changed by somebody else: nothing more is signed.`)
      try {
        for (let at = 0; at < line.length;) at += writeSync(file, line, at)
        fsyncSync(file)
        length += line.length
      } catch (error) {
        // A full disk: what was written of the line must not stay.
        ftruncateSync(file, length)
        throw error
      }
    }
    return {
      last: (origin) => kept.get(origin),
      keep(next) {
        // The same checkpoint again adds nothing but a newer time.
        if (kept.get(next.origin)?.size !== next.size) add(Buffer.from(formatLine(next)))
        kept.set(next.origin, next)
      },
      close() {
        closeSync(file)
        unlock()
      },
    }
  } catch (error) {
    closeSync(file)
    unlock()
    throw error
  }
}

/** Two witnesses on one memory could sign two roots of one size. The kernel lets go of the lock of a dead process. */
function lockFolder(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    lock.exec('pragma journal_mode = memory')
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    throw new WitnessProblem(`Another witness runs on ${folder}: stop it first.`, { cause })
  }
  return () => lock.close()
}

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

/** Gives the length of the file without what stands after its last line break. */
function cutTornLine(file: number): number {
  const { size } = fstatSync(file)
  const piece = Buffer.alloc(64 * 1024)
  let end = size
  while (end > 0) {
    const from = Math.max(0, end - piece.length)
    const read = readSync(file, piece, 0, end - from, from)
    const at = piece.subarray(0, read).lastIndexOf(0x0a)
    end = at < 0 ? from : from + at + 1
    if (at >= 0) break
  }
  if (end < size) {
    ftruncateSync(file, end)
    fsyncSync(file)
  }
  return end
}

async function readLines(path: string, own: Verifier): Promise<Map<string, Kept>> {
  const kept = new Map<string, Kept>()
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1
    const next = parseLine(line)
    const before = next === undefined ? undefined : kept.get(next.origin)
    if (next === undefined || (before !== undefined && next.size <= before.size))
      throw new WitnessProblem(
        `Line ${number} of ${path} is damaged: restore the file before starting again.`,
      )
    kept.set(next.origin, next)
  }
  // What decides is the last line of each log: it carries our own signature.
  for (const { origin, note } of kept.values()) {
    const signed = parseNote(note)
    if (signed === undefined || listSigners(signed, [own]).length === 0)
      throw new WitnessProblem(
        `The last checkpoint of ${origin} in ${path} is not signed by this witness: restore the file, or the key that belongs to it.`,
      )
  }
  return kept
}

function parseLine(line: string): Kept | undefined {
  try {
    const { at, origin, note } = JSON.parse(line) as { at: string; origin: string; note: string }
    const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '')
    if (checkpoint === undefined || checkpoint.origin !== origin || typeof at !== 'string') return undefined
    const kept = { at, origin, note, size: checkpoint.size, root: checkpoint.root }
    // Nothing stands in a line that its note does not say.
    return formatLine(kept) === `${line}\n` ? kept : undefined
  } catch {
    return undefined
  }
}
