/**
 * Kinds of damage to an inspection pack, each with the finding that must name it. `twist` damages the world
 * before it is sealed (a dishonest service: every hash, proof and checkpoint fits what it wrote); `files` damages
 * a pack and lists it anew in its manifest (a dishonest keeper); `sealed` leaves the manifest as it was.
 */
import { folder } from './pack.ts'
import type { Made } from './pack.ts'
import { toCanonical } from './world.ts'
import type { Loose, Role, Twist, World } from './world.ts'
import type { Finding, PackOptions } from './verifier.ts'

export type Files = Map<string, Buffer>
export type Damage = {
  readonly name: string
  /** Members of the finding that must be there; `signature` is the place of the signature in its file. */
  readonly found: Partial<Omit<Finding, 'signature'>> & { readonly sign?: number }
  readonly twist?: Twist
  readonly files?: (files: Files, made: Made) => void
  readonly sealed?: (files: Files, made: Made) => void
  readonly options?: (made: Made) => PackOptions
}

export const entries = `${folder}/entries.ndjson`
export const signatures = `${folder}/signatures.ndjson`
export const record = `${folder}/record.json`
export const textOf = (files: Files, path: string): string => files.get(path)?.toString('utf8') ?? ''
export const editText = (path: string, edit: (text: string) => string) => (files: Files) =>
  void files.set(path, Buffer.from(edit(textOf(files, path))))
export const editJson = (path: string, edit: (value: Loose) => void) =>
  editText(path, (text) => {
    const value: Loose = JSON.parse(text)
    edit(value)
    return path === record ? toCanonical(value) : JSON.stringify(value)
  })
export const editLines = (path: string, edit: (lines: string[]) => string[]) =>
  editText(path, (text) => `${edit(text.trimEnd().split('\n')).join('\n')}\n`)
export const editEntry = (seq: number, edit: (body: Loose) => void) =>
  editLines(entries, (lines) =>
    lines.map((line, i) => {
      if (i !== seq - 1) return line
      const body: Loose = JSON.parse(line)
      edit(body)
      return toCanonical(body)
    }),
  )
export const editRow = (which: number, edit: (row: Loose) => void) =>
  editLines(signatures, (lines) =>
    lines.map((line, i) => {
      if (i !== which) return line
      const row: Loose = JSON.parse(line)
      edit(row)
      return JSON.stringify(row)
    }),
  )
export const editStatement = (which: number, edit: (statement: Loose) => void) =>
  editRow(which, (row) => {
    const statement: Loose = JSON.parse(row.statement)
    edit(statement)
    row.statement = toCanonical(statement)
  })
/** Damages the statement before it is signed: the signature over it is right. */
export const signed = (which: number, edit: (statement: Loose) => void): Twist => ({
  statement: (statement, at) => void (at === which && edit(statement)),
})
export const assertion = (edit: (assertion: Loose) => void): Twist => ({ assertion: edit })
export const entryOf = (action: string, edit: (body: Loose) => void): Twist => ({
  entry: (body) => void (body.action === action && edit(body)),
})
export const at = (step: string, act: NonNullable<Twist['before']>): Twist => ({
  before: (name, world) => void (name === step && act(name, world)),
})
/** Somebody changes the work order on the way. */
export const changeWork =
  (
    toChanges: (people: World['people']) => Record<string, unknown>,
    by: Role = 'planner',
  ): NonNullable<Twist['before']> =>
  (_name, { add, log, people }) => {
    const id = log.find(({ kind }) => kind === 'work_order')?.id ?? ''
    add('work_order', id, { action: 'updated', by: people[by], changes: toChanges(people), newVersion: true })
  }
export const swap = (lines: string[], a: number, b: number): string[] =>
  lines.map((line, i) => (i === a ? (lines[b] ?? '') : i === b ? (lines[a] ?? '') : line))

export const keyFile = ({ world }: Made, role: 'owner' | 'quality' | 'delegate'): string =>
  `certificates/${world.keys.get(world.people[role].id)?.id}.pem`
export const delegating = (edit: (row: Loose) => void): Twist =>
  at('delegation', (_name, { delegation }) => edit(delegation))
