/**
 * Finding work orders by words and tags among enough of them that every way of finding is taken: by walking the
 * list and by the index. Each is held against a plain search through all that was written.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v7 as uuidv7 } from 'uuid'
import { listWorkOrders, searchPage, toListing, walkPage } from '#capabilities/work-order/list-store.ts'
import type { ListRow, Place } from '#capabilities/work-order/list-store.ts'
import { listInput } from '#capabilities/work-order/schema.ts'
import type { ListInput } from '#capabilities/work-order/schema.ts'
import { loadSample, toWalks } from '#capabilities/work-order/search-store.ts'
import { asOperator, loadOperator } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import { accept } from '#domain/refusal.ts'
import { withClient } from '#platform/database.ts'
import type { Tx } from '#platform/tx.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { table } from '../table.ts'

const count = 12_500
const begin = Date.now() - count

type Row = {
  readonly id: string
  readonly number: string
  readonly title: string
  readonly status: string
  readonly category: string
  readonly priority: string
  readonly due_date: string | null
  readonly tags: readonly string[]
  readonly updated_at: string
}

/** Words that many have, few have, only the newest or only the oldest have; and look-alikes of %, _ and \. */
function toTitle(n: number): string {
  const words = [
    ['Hydraulic hose, LEAK', 'calibrate 100% of it', String.raw`a_b c\d`, 'axb 100x of it cxd'][n % 4],
    n % 10 === 3 ? '测试' : '',
    n % 60 === 5 ? 'Tapir' : '',
    n % 400 === 7 ? 'ZEBRA' : '',
    n >= count - 2500 ? 'fresh' : '',
    n >= count - 300 ? 'Burst' : '',
    n < 3000 ? 'Olden' : '',
  ]
  return words.filter((word) => word !== '').join(' ')
}

const states = [
  ['closed', 'done'],
  ['in_progress', 'active'],
  ['draft', 'initial'],
] as const
const priorities = ['critical', 'high', 'medium', 'low']
const dayMs = 86_400_000

function toRow(n: number): Row {
  const mixed = Math.imul(n, 2_654_435_761) >>> 8
  const [status, category] = states[mixed % 3] ?? states[0]
  return {
    id: uuidv7({ msecs: begin + n }),
    number: `WO-2020-${String(n).padStart(6, '0')}`,
    title: toTitle(n),
    status,
    category,
    priority: priorities[mixed % 4] ?? 'low',
    due_date: n % 3 === 0 ? null : new Date(begin + (mixed % 200) * dayMs).toISOString().slice(0, 10),
    tags: [`T-${n % 7}`, ...(n % 500 === 1 ? ['Seldom'] : [])],
    // Many of one and the same time, so that the id decides.
    updated_at: new Date(begin + (mixed % 500) * 1000).toISOString(),
  }
}

let fixture: Fixture
let operator: Operator
const rows = Array.from({ length: count }, (_, n) => toRow(n))
before(async () => {
  fixture = await openFixture()
  operator = await fill('acme-bio', rows)
  // The same words in another tenant: nothing of it may turn up.
  await fill(
    'superportia',
    Array.from({ length: 3000 }, (_, n) => toRow(n)),
  )
})
after(() => fixture.close())

/** Rows and words without their entries, which no list reads. */
async function fill(slug: string, filled: readonly Row[]): Promise<Operator> {
  const host = await loadOperator(fixture.service.floor, slug)
  assert.ok(host !== undefined)
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(`select set_config('docket.tenant_id', $1, false)`, [host.tenantId])
    await client.query('delete from work_order_texts where tenant_id = $1', [host.tenantId])
    await client.query('delete from work_orders where tenant_id = $1', [host.tenantId])
    await client.query(
      `insert into work_orders (id, number, lifecycle, status, category, title, priority, regulatory, origin, requester_id,
                                due_date, tags, version, entry_seq, entry_id, entry_head, updated_at)
       select id, number, 'change-control', status, category, title, priority, false, 'manual', $2,
              due_date, array(select jsonb_array_elements_text(r.tags)), 1, 1, id, '\\x00', updated_at
         from jsonb_to_recordset($1::jsonb) r (id uuid, number text, status text, category text, title text,
              priority text, due_date date, tags jsonb, updated_at timestamptz)`,
      [JSON.stringify(filled), host.id],
    )
    await client.query(
      `insert into work_order_texts select tenant_id, id, lower(number || ' ' || title), tags from work_orders where tenant_id = $1`,
      [host.tenantId],
    )
    await client.query('analyze work_orders, work_order_texts')
  })
  return host
}

/** The key of a row in an order of the list, as the cursor holds it. */
function keyOf(row: Row, sort: ListInput['sort']): string | number | null {
  if (sort === 'updated') return row.updated_at
  if (sort === 'due_date') return row.due_date ?? 'infinity'
  return sort === 'priority' ? priorities.indexOf(row.priority) + 1 : null
}

/** What the list must show, from its first row to its last. */
function findPlainly(input: ListInput): Row[] {
  const fragments = (input.q ?? '').toLowerCase().split(/\s+/)
  const found = rows.filter((row) => {
    const words = `${row.number} ${row.title}`.toLowerCase()
    return (
      fragments.every((fragment) => words.includes(fragment)) &&
      (input.tags ?? []).every((tag) => row.tags.includes(tag)) &&
      (input.status === undefined || input.status.includes(row.status)) &&
      (input.include_completed || row.category !== 'done')
    )
  })
  const place = (row: Row): string => `${keyOf(row, input.sort) ?? ''} ${row.id}`
  found.sort((a, b) => (place(a) < place(b) ? -1 : 1))
  const descending = (input.order ?? (/created|updated/.test(input.sort) ? 'desc' : 'asc')) === 'desc'
  return descending ? found.toReversed() : found
}

type Way = (tx: Tx, input: ListInput, after: Place | undefined) => Promise<ListRow[]>

/** By walking so many rows; where they did not fill the page, by the index. */
const walking =
  (walk: number): Way =>
  async (tx, input, place) => {
    const listing = toListing(operator, input, {}, place)
    assert.ok(listing.search !== undefined)
    const page = await walkPage(tx, listing, listing.search, walk)
    assert.ok(page !== undefined || walk < count, 'whoever walks the whole list knows')
    return page ?? searchPage(tx, listing, listing.search)
  }

const ways: { readonly [name: string]: Way } = {
  'as listed': (tx, input, place) => listWorkOrders(tx, operator, input, {}, place),
  'by walking all': walking(count + 1),
  'by walking some': walking(150),
  'by the index': async (tx, input, place) => {
    const listing = toListing(operator, input, {}, place)
    assert.ok(listing.search !== undefined)
    return searchPage(tx, listing, listing.search)
  },
}

/** Page after page from this place on, and not more than so many. */
async function readPages(
  tx: Tx,
  way: Way,
  input: ListInput,
  start: Place | undefined,
  pages: number,
): Promise<string[]> {
  const ids: string[] = []
  let place = start
  for (let page = 0; page < pages; page += 1) {
    const found = await way(tx, input, place)
    const shown = found.slice(0, input.limit)
    ids.push(...shown.map(({ id }) => id))
    const last = shown.at(-1)
    if (found.length <= input.limit || last === undefined) break
    place = { key: input.sort === 'created' ? null : last.sort_key, id: last.id }
  }
  return ids
}

async function compare(way: Way, input: ListInput): Promise<void> {
  const expected = findPlainly(input)
  const decision = await asOperator(fixture.service.floor, operator, async (tx) => {
    const head = await readPages(tx, way, input, undefined, 3)
    assert.deepEqual(
      head,
      expected.slice(0, 3 * input.limit).map(({ id }) => id),
      'the first pages',
    )
    const from = expected.at(-(2 * input.limit + 2))
    if (from === undefined) return accept(undefined)
    const tail = await readPages(tx, way, input, { key: keyOf(from, input.sort), id: from.id }, 4)
    assert.deepEqual(
      tail,
      expected.slice(-(2 * input.limit + 1)).map(({ id }) => id),
      'the last pages',
    )
    return accept(undefined)
  })
  assert.ok(decision.ok)
}

const split = (cell: string): string[] | undefined => (cell === '' ? undefined : cell.split(','))

const cases = table`
  words       | tags       | status      | sort     | order | limit | found
  hyd leak    |            |             | created  |       | 50    | 3125
  HYD lEAk    |            |             | created  | asc   | 7     | 3125
  hyd leak    |            | in_progress | created  |       | 50    |
  hyd leak    |            |             | updated  |       | 50    | 3125
  hyd leak    |            |             | due_date |       | 50    | 3125
  hyd leak    |            | draft       | priority | desc  | 20    |
  wo-2020     |            |             | updated  | asc   | 200   | 12500
  100%        |            |             | created  |       | 50    | 3125
  100%        |            | closed      | updated  |       | 11    |
  a_b         |            |             | created  |       | 50    | 3125
  c\\d         |            |             | due_date | desc  | 50    | 3125
  %           |            |             | created  |       | 50    | 3125
  _           |            |             | updated  |       | 50    | 3125
  \\           |            |             | created  | asc   | 50    | 3125
  %_          |            |             | created  |       | 50    | 0
  测试        |            |             | created  |       | 50    | 1250
  tapir       |            |             | created  |       | 50    | 209
  tapir       |            |             | priority |       | 50    | 209
  zebra       |            |             | created  |       | 10    | 32
  Zebra 2020  |            |             | updated  |       | 4     | 32
  fresh       |            |             | created  |       | 50    | 2500
  fresh       |            |             | created  | asc   | 50    | 2500
  burst       |            |             | created  |       | 50    | 300
  fresh hyd   |            | in_progress | due_date |       | 5     |
  olden       |            |             | created  |       | 50    | 3000
  olden zebra |            |             | created  | asc   | 2     | 8
  olden fresh |            |             | created  |       | 50    | 0
  hyd gasket  |            |             | updated  |       | 50    | 0
              | T-3        |             | created  |       | 50    | 1786
              | T-3        | in_progress | updated  |       | 50    |
              | Seldom     |             | due_date |       | 3     | 25
  100%        | Seldom     |             | created  |       | 10    | 25
  hyd         | T-1        |             | priority |       | 50    |
  hyd         | T-1,Seldom |             | created  |       | 50    | 0
`

test('R-LST-4 words and tags find the same, in the same order, by every way of finding', async (t) => {
  for (const { words = '', tags = '', status = '', sort, order = '', limit, found = '' } of cases) {
    await t.test([words, tags, status, sort, order].join(' '), async (each) => {
      const input = listInput.parse({
        ...(words === '' ? {} : { q: words }),
        tags: split(tags),
        status: split(status),
        sort,
        ...(order === '' ? {} : { order }),
        limit: Number(limit),
      })
      if (found !== '') assert.equal(findPlainly(input).length, Number(found))
      else assert.ok(findPlainly(input).length > 10, 'something is compared')
      for (const [name, way] of Object.entries(ways)) await each.test(name, () => compare(way, input))
    })
  }
})

/** How many a walk of so many rows finds; undefined when it cannot tell. */
const walk = async (fields: object, most: number): Promise<number | undefined> => {
  const decision = await asOperator(fixture.service.floor, operator, async (tx) => {
    const listing = toListing(operator, listInput.parse({ ...fields }), {}, undefined)
    assert.ok(listing.search !== undefined)
    return accept((await walkPage(tx, listing, listing.search, most))?.length)
  })
  assert.ok(decision.ok)
  return decision.value
}

test('R-LST-4 a walk that did not fill its page says so, and one to the end of the list knows', async () => {
  // The newest row is the fourth of its four, so that the hoses are the fourth, eighth and so on.
  assert.equal(await walk({ q: 'hyd leak', limit: 9 }, 40), 10)
  assert.equal(await walk({ q: 'hyd leak', limit: 9 }, 39), undefined)
  assert.equal(await walk({ q: 'hyd leak', limit: 9 }, 41), 10)
  assert.equal(await walk({ q: 'gasket' }, count), undefined)
  assert.equal(await walk({ q: 'gasket' }, count + 1), 0)
})

const sample = async (...fragments: string[]): Promise<unknown> => {
  const decision = await asOperator(fixture.service.floor, operator, async (tx) =>
    accept(await loadSample(tx, { fragments, tags: [] })),
  )
  assert.ok(decision.ok)
  return decision.value
}

test('R-LST-4 a sample of the newest tells common words from rare ones, and from a burst of them', async () => {
  assert.deepEqual(await sample('hyd', 'leak'), { read: 2000, matched: 500 })
  assert.deepEqual(await sample('zebra'), { read: 2000, matched: 4 })
  assert.deepEqual(await sample('burst'), { read: 2000, matched: 0 })
})

test('R-LST-4 common words are walked for, rare ones are looked up', () => {
  const shares = table`
    read | matched | most | walks
    2000 | 500     | 51   | 1000,10000
    2000 | 2000    | 51   | 1000,10000
    2000 | 60      | 51   | 3400,10000
    2000 | 30      | 51   | 6800
    2000 | 20      | 51   |
    2000 | 0       | 51   |
    2000 | 20      | 2    | 1000,10000
    1999 | 0       | 51   | 2000
    0    | 0       | 51   | 2000
  `
  for (const { read, matched, most, walks = '' } of shares) {
    const expected = walks === '' ? [] : walks.split(',').map(Number)
    assert.deepEqual(toWalks({ read: Number(read), matched: Number(matched) }, Number(most)), expected)
  }
})
