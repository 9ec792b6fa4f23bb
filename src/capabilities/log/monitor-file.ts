/**
 * What the monitor holds outside the database: one file for each tenant with the last checkpoint that it saw and how
 * far it has read. It is what a restored backup, or a log that was made anew with all keys at hand, cannot fit.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hashBytes } from '#domain/merkle.ts'
import type { CompactRange } from '#domain/merkle.ts'
import type { SeenCheckpoint } from './monitor-check.ts'

const count = z.int().min(0)
const hex = z.string().regex(new RegExp(`^[0-9a-f]{${2 * hashBytes}}$`))
const cursor = z.object({ size: count, peaks: z.array(hex).max(60) })
const state = z.object({
  v: z.literal(1),
  /** The last checkpoint that was seen and found to continue the one before. */
  head: z.object({ size: count, root: hex, note: z.string() }).nullable(),
  /** The log's key when it was first seen. */
  vkey: z.string().nullable(),
  /** New entries are read from here. */
  follow: cursor,
  /** Old ones are read again from here; null between two passes. */
  sweep: cursor.nullable(),
  sweep_began_at: z.string().nullable(),
  /** When a mismatch of this key was raised last. */
  raised: z.record(z.string(), z.string()),
})
type Cursor = z.output<typeof cursor>
export type MonitorState = z.output<typeof state>

const beginState = (): MonitorState => ({
  v: 1,
  head: null,
  vkey: null,
  follow: { size: 0, peaks: [] },
  sweep: null,
  sweep_began_at: null,
  raised: {},
})

export const toRange = ({ size, peaks }: Cursor): CompactRange => ({
  size,
  peaks: peaks.map((peak) => Buffer.from(peak, 'hex')),
})
export const toCursor = ({ size, peaks }: CompactRange): Cursor => ({
  size,
  peaks: peaks.map((peak) => peak.toString('hex')),
})
export const toSeen = ({ head }: MonitorState): SeenCheckpoint | undefined =>
  head === null ? undefined : { tree_size: head.size, root: Buffer.from(head.root, 'hex'), note: head.note }

/** `damaged` when the file is there and cannot be understood; it is then put aside. */
export async function readState(
  folder: string,
  tenantId: string,
): Promise<{ state: MonitorState; damaged: boolean }> {
  const path = join(folder, `${tenantId}.json`)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return { state: beginState(), damaged: false }
    throw error
  }
  const parsed = state.safeParse(parseJson(text))
  if (parsed.success) return { state: parsed.data, damaged: false }
  await rename(path, `${path}.damaged`)
  return { state: beginState(), damaged: true }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The file is the old one or the new one, never a part of it. */
export async function writeState(folder: string, tenantId: string, next: MonitorState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${tenantId}.json`)
  const part = `${path}.part`
  const file = await open(part, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(next)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, path)
}
