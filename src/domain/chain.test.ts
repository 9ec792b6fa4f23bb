/** The check of one record, on chains made here: every kind of damage is found, and named where it begins. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { beginChain, closeChain, follow } from './chain.ts'
import type { Flaw, StoredRow } from './chain.ts'
import { sealEntry, toCanonical } from './entry.ts'
import type { EntryBody, FieldChange } from './entry.ts'
import { parseInstant, toInstant } from './instant.ts'
import { isSame, makeShape } from './replay.ts'
import { parseBody } from './stored-entry.ts'
import type { StoredEntry } from './stored-entry.ts'

const shape = makeShape('asset', ['tag', 'name', 'location', 'labels'], { labels: [] })

/** What lies in the table: columns that can be changed, and the bytes of the body. */
type Stored = { -readonly [C in Exclude<keyof StoredEntry, 'hash' | 'body'>]: StoredEntry[C] } & {
  body: Buffer
}
type Record = { entries: Stored[]; row: { -readonly [C in keyof StoredRow]: StoredRow[C] } | undefined }

const id = (n: number): string => `0190b7a2-0000-7000-8000-${String(n).padStart(12, '0')}`

const life: readonly (readonly [action: string, changes: readonly FieldChange[]])[] = [
  ['registered', [change('tag', null, 'B-12'), change('name', null, 'balance')]],
  ['updated', [change('location', null, 'lab 1'), change('labels', [], ['gxp'])]],
  ['commented', [change('comment', null, 'as good as new')]],
  ['updated', [change('location', 'lab 1', 'lab 2')]],
  ['commented', [change('comment', null, 'moved')]],
]

function change(field: string, old: unknown, next: unknown): FieldChange {
  return { field, old, new: next }
}

/** A whole record: five entries, the last change of `location` being the fourth. */
function makeRecord(): Record {
  const entries: Stored[] = []
  let version = 0
  for (const [action, changes] of life) {
    const seq = entries.length + 1
    if (action !== 'commented') version += 1
    const at = `2026-11-20T08:00:0${seq}.12345Z`
    const body: EntryBody = {
      v: 1,
      id: id(seq),
      tenant: id(900),
      record: { kind: 'asset', id: id(901) },
      seq,
      version,
      actor: { id: id(902), kind: 'human', name: 'Olga', sponsor: null, client: 'rest' },
      action,
      reason: null,
      changes,
      detail: null,
      request: `r-${seq}`,
      at,
      prev: entries.at(-1)?.leaf ?? null,
    }
    const sealed = sealEntry(body)
    entries.push({
      id: body.id,
      tenant: body.tenant,
      kind: 'asset',
      record: body.record.id,
      seq,
      action,
      actor: body.actor.id,
      at: parseInstant(at),
      leaf: sealed.leaf.toString('hex'),
      body: sealed.body,
    })
  }
  const row = {
    version,
    entry_seq: entries.length,
    entry_id: id(entries.length),
    entry_head: entries.at(-1)?.leaf ?? '',
    values: ['B-12', 'balance', 'lab 2', ['gxp']],
  }
  return { entries, row }
}

function check({ entries, row }: Record): Flaw[] {
  const chain = beginChain(shape)
  for (const { body, ...columns } of entries.toSorted((a, b) => a.seq - b.seq)) {
    const hash = createHash('sha256').update(Buffer.of(0)).update(body).digest('hex')
    follow(chain, { ...columns, hash, body: parseBody(body.toString()) })
  }
  return closeChain(chain, row)
}

const entry = (record: Record, seq: number): Stored => {
  const found = record.entries[seq - 1]
  if (found === undefined) throw new Error(`no entry ${seq}`)
  return found
}
const rowOf = (record: Record) => record.row ?? assert.fail('no row')

/** Changes the text of a body, as somebody would who has only the table. */
function rewrite(record: Record, seq: number, from: string, to: string): void {
  const text = entry(record, seq).body.toString()
  assert.ok(text.includes(from), `${from} is not in ${text}`)
  entry(record, seq).body = Buffer.from(text.replace(from, to))
}

function reseal(record: Record, seq: number): void {
  entry(record, seq).leaf = createHash('sha256')
    .update(Buffer.of(0))
    .update(entry(record, seq).body)
    .digest('hex')
}

/** Changes a body and everything after it that depends on its hash, the row's head too: a whole new chain. */
function forge(record: Record, seq: number, from: string, to: string): void {
  rewrite(record, seq, from, to)
  for (let next = seq; next <= record.entries.length; next += 1) {
    const before = entry(record, next).leaf
    reseal(record, next)
    if (next < record.entries.length) rewrite(record, next + 1, before, entry(record, next).leaf)
  }
  rowOf(record).entry_head = entry(record, record.entries.length).leaf
}

function swap(record: Record, a: number, b: number, ...columns: readonly (keyof Stored)[]): void {
  const [one, other] = [{ ...entry(record, a) }, { ...entry(record, b) }]
  for (const column of columns) {
    Object.assign(entry(record, a), { [column]: other[column] })
    Object.assign(entry(record, b), { [column]: one[column] })
  }
}

test('R-VER-1 a whole record has no flaw', () => {
  assert.deepEqual(check(makeRecord()), [])
})

/** requirement · what is done to the record · the entry and the field that are named */
const cases: readonly (readonly [string, string, (record: Record) => void, number | null, string | null])[] =
  [
    [
      'R-VER-2',
      'the new value of a change, known by the row',
      (r) => rewrite(r, 4, 'lab 2', 'lab 3'),
      4,
      'location',
    ],
    [
      'R-VER-2',
      'the new value of a change, known by a later entry',
      (r) => rewrite(r, 2, 'lab 1', 'lab 9'),
      2,
      'location',
    ],
    ['R-VER-2', 'the old value of a change', (r) => rewrite(r, 4, 'lab 1', 'lab 7'), 4, 'location'],
    ['R-VER-2', 'the text of a comment', (r) => rewrite(r, 3, 'good as', 'bad as'), 3, 'body'],
    ['R-VER-2', 'the name of the actor', (r) => rewrite(r, 1, 'Olga', 'Olgb'), 1, 'body'],
    [
      'R-VER-2',
      'what nothing repeats, in an entry whose field was changed again',
      (r) => rewrite(r, 2, 'r-2', 'r-3'),
      2,
      'body',
    ],
    [
      'R-VER-2',
      'the kind of the record',
      (r) => rewrite(r, 2, '"kind":"asset"', '"kind":"tenant"'),
      2,
      'record_kind',
    ],
    ['R-VER-2', 'the action', (r) => rewrite(r, 2, '"updated"', '"updatec"'), 2, 'action'],
    ['R-VER-2', 'the time', (r) => rewrite(r, 2, '08:00:02', '08:00:03'), 2, 'at'],
    ['R-VER-2', 'the actor', (r) => rewrite(r, 5, id(902), id(903)), 5, 'actor_id'],
    ['R-VER-2', 'the leaf before', (r) => rewrite(r, 3, '"prev":"', '"prev":"0'), 3, 'prev'],
    ['R-VER-2', 'the version', (r) => rewrite(r, 4, '"version":3', '"version":9'), 4, 'version'],
    ['R-VER-2', 'the record', (r) => rewrite(r, 2, id(901), id(801)), 2, 'record_id'],
    ['R-VER-2', 'the tenant', (r) => rewrite(r, 2, id(900), id(800)), 2, 'tenant_id'],
    ['R-VER-2', 'a bracket', (r) => rewrite(r, 2, '{', '('), 2, 'body'],
    ['R-VER-2', 'a body and its leaf', (r) => (rewrite(r, 4, 'lab 2', 'lab 3'), reseal(r, 4)), 4, 'location'],
    [
      'R-VER-2',
      'a comment and its leaf',
      (r) => (rewrite(r, 3, 'good as', 'bad as'), reseal(r, 3)),
      3,
      'body',
    ],
    [
      'R-VER-2',
      'the last body and its leaf',
      (r) => (rewrite(r, 5, 'moved', 'moves'), reseal(r, 5)),
      5,
      'entry_head',
    ],
    [
      'R-VER-5',
      'a forged chain in which a change begins from another value',
      (r) => forge(r, 2, 'lab 1', 'lab 9'),
      4,
      'location',
    ],
    [
      'R-VER-5',
      'a forged chain that the row does not follow',
      (r) => forge(r, 4, 'lab 2', 'lab 9'),
      4,
      'location',
    ],
    [
      'R-VER-6',
      'a forged chain with another version',
      (r) => forge(r, 4, '"version":3', '"version":7'),
      4,
      'version',
    ],
    [
      'R-VER-6',
      'a first entry that names one before it',
      (r) => forge(r, 1, '"prev":null', `"prev":"${'ab'.repeat(32)}"`),
      1,
      'prev',
    ],
    ['R-VER-3', 'the first entry is gone', (r) => r.entries.splice(0, 1), 1, null],
    ['R-VER-3', 'one in the middle is gone', (r) => r.entries.splice(2, 1), 3, null],
    ['R-VER-3', 'the last entry is gone', (r) => r.entries.splice(4, 1), 5, null],
    ['R-VER-3', 'all of them are gone', (r) => r.entries.splice(0, 5), 1, null],
    ['R-VER-4', 'two bodies are exchanged', (r) => swap(r, 2, 4, 'body'), 2, 'seq'],
    ['R-VER-4', 'two bodies and leaves are exchanged', (r) => swap(r, 2, 4, 'body', 'leaf'), 2, 'seq'],
    ['R-VER-4', 'two entries are exchanged but for their sequence', (r) => swap(r, 3, 4, 'seq'), 3, 'seq'],
    ['R-VER-4', 'an entry is there twice', (r) => r.entries.push({ ...entry(r, 3) }), 3, 'seq'],
    [
      'R-VER-5',
      'a field of the row',
      (r) => (rowOf(r).values = ['B-12', 'balance', 'lab 3', ['gxp']]),
      4,
      'location',
    ],
    [
      'R-VER-5',
      'a list of the row',
      (r) => (rowOf(r).values = ['B-12', 'balance', 'lab 2', []]),
      2,
      'labels',
    ],
    ['R-VER-5', 'the version of the row', (r) => (rowOf(r).version = 4), 5, 'version'],
    ['R-VER-6', 'a leaf in the middle', (r) => (entry(r, 2).leaf = 'ab'.repeat(32)), 2, 'leaf'],
    ['R-VER-6', 'the last leaf', (r) => (entry(r, 5).leaf = 'ab'.repeat(32)), 5, 'leaf'],
    ['R-VER-6', 'two leaves are exchanged', (r) => swap(r, 3, 4, 'leaf'), 3, 'leaf'],
    ['R-VER-6', 'the head of the row', (r) => (rowOf(r).entry_head = 'ab'.repeat(32)), 5, 'entry_head'],
    ['R-VER-6', 'the head stands at another entry', (r) => (rowOf(r).entry_id = id(4)), 5, 'entry_id'],
    ['R-VER-6', 'the row stands at an earlier entry', (r) => (rowOf(r).entry_seq = 4), 5, 'entry_seq'],
    ['R-VER-6', 'the column id', (r) => (entry(r, 2).id = id(77)), 2, 'id'],
    ['R-VER-6', 'the column action', (r) => (entry(r, 2).action = 'retired'), 2, 'action'],
    ['R-VER-6', 'the column actor_id', (r) => (entry(r, 2).actor = id(77)), 2, 'actor_id'],
    ['R-VER-6', 'the column at, by a microsecond', (r) => (entry(r, 2).at += 1), 2, 'at'],
    ['R-VER-6', 'the column record_kind', (r) => (entry(r, 2).kind = 'tenant'), 2, 'record_kind'],
    [
      'R-VER-6',
      'an entry that was hung on another record',
      (r) => (entry(r, 1).record = id(77)),
      1,
      'record_id',
    ],
    ['R-VER-10', 'the row is gone', (r) => (r.row = undefined), null, null],
  ]

for (const [requirement, what, damage, seq, field] of cases) {
  test(`${requirement} ${what} is named`, () => {
    const record = makeRecord()
    damage(record)
    const flaws = check(record)
    assert.deepEqual(
      flaws.map((flaw) => [flaw.seq, flaw.field]),
      [[seq, field]],
      JSON.stringify(flaws),
    )
  })
}

test('R-VER-2 any byte of any body that is changed is found at its entry', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, where, mask) => {
      const record = makeRecord()
      const seq = (which % record.entries.length) + 1
      const body = Buffer.from(entry(record, seq).body)
      const at = where % body.length
      body[at] = (body[at] ?? 0) ^ mask
      entry(record, seq).body = body
      const [flaw] = check(record)
      assert.equal(flaw?.seq, seq, JSON.stringify(flaw))
    }),
    { numRuns: 2000 },
  )
})

test('R-VER-4 any two entries whose bodies or sequences are exchanged are found at the earlier one', () => {
  const ways = [['body'], ['body', 'leaf'], ['seq'], ['leaf']] as const
  for (let a = 1; a < life.length; a += 1) {
    for (let b = a + 1; b <= life.length; b += 1) {
      for (const columns of ways) {
        const record = makeRecord()
        swap(record, a, b, ...columns)
        assert.equal(check(record)[0]?.seq, a, `${columns.join()} of ${a} and ${b}`)
      }
    }
  }
})

test('R-VER-5 every field of a row that differs is named, each with the entry that set it', () => {
  const record = makeRecord()
  rowOf(record).values = ['B-13', 'balance', null, ['gxp']]
  assert.deepEqual(check(record), [
    { seq: 1, field: 'tag', what: `the row's tag is "B-13", but its entries make it "B-12"` },
    { seq: 4, field: 'location', what: `the row's location is null, but its entries make it "lab 2"` },
  ])
})

test('R-VER-5 values are the same as JSON', () => {
  const json = fc.jsonValue({ maxDepth: 3 })
  fc.assert(fc.property(json, (value) => isSame(value, JSON.parse(JSON.stringify(value)))))
  fc.assert(fc.property(json, json, (a, b) => isSame(a, b) === (toCanonical(a) === toCanonical(b))))
  assert.equal(isSame({ a: 1, b: [2] }, { b: [2], a: 1 }), true)
  assert.equal(isSame([1, 2], [2, 1]), false)
  assert.equal(isSame([], {}), false)
  assert.equal(isSame(undefined, null), true)
})

test('R-VER-6 an instant is read to the microsecond and written back', () => {
  const year = 31_557_600_000_000
  fc.assert(
    fc.property(fc.integer({ min: -70 * year, max: 230 * year }), (micros) => {
      assert.equal(parseInstant(toInstant(micros)), micros)
      assert.equal(Math.floor(micros / 1000), Date.parse(toInstant(micros)))
    }),
  )
  assert.equal(toInstant(parseInstant('2026-11-20T21:19:39Z')), '2026-11-20T21:19:39Z')
  assert.equal(parseInstant('2026-11-20T21:19:39.5Z') % 1_000_000, 500_000)
  for (const wrong of ['2026-11-20', '2026-11-20 21:19:39Z', '2026-11-20T21:19:39+00:00', 7, null])
    assert.equal(Number.isNaN(parseInstant(wrong)), true)
})
