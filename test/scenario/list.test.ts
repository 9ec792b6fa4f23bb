/** The list of work orders: found by filters, read page by page, taken out whole. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { table } from '../table.ts'

const planner = 'Pat Planner'
const worker = 'Lee Lab'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const create = async (fields: object = {}): Promise<Json> => {
  const { status, body, text } = await fixture.call(planner, 'POST', '/v1/work-orders', {
    title: 'Lists',
    ...fields,
  })
  assert.equal(status, 201, text)
  return body
}

const formulas = ['=HYPERLINK("http://evil","x")', '+1+1', '-2+3', '@SUM(A1)', '\t=1', '\r=1']

test('R-EXP-1 a list is exported whole, as CSV with formulas kept text and as NDJSON as it is', async () => {
  const project = 'export'
  const titles = [
    ...formulas.map((title) => title),
    'quotes " and , commas',
    'two\nlines',
    '测试',
    ...Array.from({ length: 220 }, (_, i) => `row ${i}`),
  ]
  for (const title of titles) await create({ title, project, tags: ['=tag', 'b'] })
  const take = async (accept: string, query = `project=${project}&order=asc`): Promise<string> => {
    const { status, text, headers } = await fixture.call(
      planner,
      'GET',
      `/v1/work-orders?${query}`,
      undefined,
      { accept },
    )
    assert.equal(status, 200, text)
    assert.ok((headers.get('content-type') ?? '').startsWith(accept))
    return text
  }
  const rows = (await take('application/x-ndjson'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    rows.map((row) => row.title),
    titles,
  )
  const cells = parse<Record<string, string>>(await take('text/csv'), { columns: true })
  assert.deepEqual(
    cells.map((row) => row['title']),
    titles.map((title) => (formulas.includes(title) ? `'${title}` : title)),
  )
  assert.equal(cells[0]?.['tags'], "'=tag, b")
  assert.deepEqual(Object.keys(cells[0] ?? {}), Object.keys(rows[0]))
  const [head = ''] = (await take('text/csv', 'project=none')).split('\n')
  assert.deepEqual(head.split(','), Object.keys(rows[0]), 'an empty list has its header')
  assert.equal(await take('application/x-ndjson', 'project=none'), '')
})

test('R-EXP-2 an export takes the filters of the list, and shows what its caller may see', async () => {
  const own = await create({ title: 'for the vendor', project: 'export', assignee: 'Vik Vendor' })
  const accept = { accept: 'application/x-ndjson' }
  const { text } = await fixture.call('Vik Vendor', 'GET', '/v1/work-orders', undefined, accept)
  const ids = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).id)
  assert.deepEqual(ids, [own.id])
  const bad = await fixture.call(planner, 'GET', '/v1/work-orders?status=round', undefined, accept)
  assert.equal(bad.status, 422)
  const principals = await fixture.call(planner, 'GET', '/v1/principals', undefined, { accept: 'text/csv' })
  assert.ok(principals.text.includes('\n') && principals.text.includes('Olga Owner'))
})

test('R-LST-1 pages are complete and without doubles under each order, with ties and gaps', async (t) => {
  const project = 'pages'
  const priorities = ['critical', 'high', 'medium', 'low']
  const made: string[] = []
  for (let i = 0; i < 57; i += 1) {
    const { id } = await create({
      project,
      priority: priorities[i % 4],
      ...(i % 5 === 0 ? {} : { due_date: `2027-01-${String(1 + (i % 7)).padStart(2, '0')}` }),
    })
    made.push(id)
  }
  // Some with one and the same time of change, as an import would leave them.
  await withClient(fixture.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(
      `update work_orders set updated_at = '2026-11-20 12:00:00.123456Z' where project = $1 and priority_rank = 2`,
      [project],
    )
  })
  const cases = table`
    sort     | order | limit
    created  |       | 1
    created  | asc   | 7
    created  | desc  | 56
    updated  |       | 5
    updated  | asc   | 8
    due_date |       | 5
    due_date | desc  | 3
    priority |       | 4
    priority | desc  | 10
    priority | asc   | 57
    due_date | asc   | 200
  `
  for (const { sort = '', order = '', limit } of cases) {
    await t.test(`${sort} ${order} by ${limit}`, async () => {
      const query = `project=${project}&sort=${sort}${order === '' ? '' : `&order=${order}`}&limit=${limit}`
      const rows: Json[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await fixture.call(
          planner,
          'GET',
          `/v1/work-orders?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`,
        )
        assert.equal(page.status, 200, page.text)
        assert.ok(page.body.data.length <= Number(limit))
        rows.push(...page.body.data)
        cursor = page.body.next_cursor
      }
      assert.equal(rows.length, made.length)
      assert.deepEqual(new Set(rows.map((row) => row.id)), new Set(made))
      const key: Record<string, (row: Json) => string> = {
        created: (row) => row.id,
        updated: (row) => row.updated_at,
        due_date: (row) => row.due_date ?? '9999',
        priority: (row) => String(priorities.indexOf(row.priority)),
      }
      const keys = rows.map((row) => key[sort]?.(row) ?? '')
      const ascending = order === '' ? ['due_date', 'priority'].includes(sort) : order === 'asc'
      assert.deepEqual(keys, ascending ? keys.toSorted() : keys.toSorted().toReversed())
    })
  }
})

/** A query with a cursor that was not made by the list. */
function forged(place: { readonly sort?: string; readonly key?: unknown; readonly id?: string }): string {
  const whole = { order: '', id: '01a1fb0e-b503-75b8-a7b1-cf9fd083acb6', ...place }
  const cursor = Buffer.from(JSON.stringify(whole)).toString('base64url')
  return `sort=${place.sort ?? 'created'}&cursor=${cursor}`
}

test('R-LST-2 a cursor is good for its own list only', async () => {
  const { body } = await fixture.call(planner, 'GET', '/v1/work-orders?project=pages&limit=5&sort=priority')
  const bad = [
    `sort=created&cursor=${body.next_cursor}`,
    `sort=priority&order=desc&cursor=${body.next_cursor}`,
    'cursor=nonsense',
    forged({}),
    forged({ sort: 'created', key: null, id: '1' }),
    forged({ sort: 'created', key: 2 }),
    forged({ sort: 'updated', key: 2 }),
    forged({ sort: 'updated', key: '2026-01-01' }),
    forged({ sort: 'due_date', key: null }),
    forged({ sort: 'due_date', key: '2026-01-01T00:00:00Z' }),
    forged({ sort: 'priority', key: 'infinity' }),
  ]
  for (const query of bad) {
    const { status, body: problem } = await fixture.call(planner, 'GET', `/v1/work-orders?${query}`)
    assert.deepEqual([status, problem.errors?.[0]?.path], [422, 'cursor'], query)
  }
})

test('R-LST-3 each filter finds what it names, and they add up', async (t) => {
  const project = 'filters'
  const make = (fields: object): Promise<Json> => create({ project, ...fields })
  const leak = await make({
    title: 'Hydraulic line leaking',
    priority: 'critical',
    asset: 'HPLC-01',
    tags: ['pump', 'urgent'],
  })
  const late = await make({ title: 'Calibrate', due_date: '2026-01-01', assignee: worker, tags: ['pump'] })
  const gone = await make({ title: 'Not needed', regulatory: true, due_date: '2026-01-01' })
  await fixture.call(planner, 'POST', `/v1/work-orders/${gone.id}/transitions`, {
    to: 'cancelled',
    reason: 'no',
  })
  const fleet = await make({ title: '[A-B] fleet', lifecycle: 'fleet' })
  const child = await make({ title: 'Part of it', parent: leak.number })
  const names: Record<string, string> = {
    leak: leak.id,
    late: late.id,
    gone: gone.id,
    fleet: fleet.id,
    child: child.id,
  }
  const cases = table`
    query                                    | finds
    order=asc                                | leak late gone fleet child
    order=asc&include_completed=false        | leak late fleet child
    q=hyd leak                               | leak
    q=HYD%20LINE                             | leak
    q=hyd gasket                             |
    q=100%25                                 |
    status=cancelled                         | gone
    status=draft,pending&order=asc           | leak late fleet child
    category=abandoned                       | gone
    lifecycle=fleet                          | fleet
    work_category=B                          | fleet
    priority=critical,high                   | leak
    asset=HPLC-01                            | leak
    assignee=Lee Lab                         | late
    assignee=Nobody                          |
    requester=Pat Planner&limit=1            | child
    tags=pump&order=asc                      | leak late
    tags=pump,urgent                         | leak
    overdue=true                             | late
    overdue=false&order=asc                  | leak gone fleet child
    regulatory=true                          | gone
    priority=critical&q=calib                |
    tags=pump&priority=medium                | late
  `
  for (const { query = '', finds = '' } of cases) {
    await t.test(query, async () => {
      const { status, body, text } = await fixture.call(
        planner,
        'GET',
        `/v1/work-orders?project=${project}&${query.replaceAll(' ', '%20')}`,
      )
      assert.equal(status, 200, text)
      const expected = finds.split(' ').filter((name) => name !== '')
      assert.deepEqual(
        body.data.map((row: Json) => Object.keys(names).find((name) => names[name] === row.id)),
        expected,
      )
    })
  }
  const find = async (query: string): Promise<string[]> =>
    (await fixture.call(planner, 'GET', `/v1/work-orders?${query}`)).body.data.map((row: Json) => row.id)
  assert.deepEqual(await find(`number=${leak.number}`), [leak.id])
  assert.deepEqual(await find(`parent=${leak.id}`), [child.id])
  assert.deepEqual(await find(`project=${project}&updated_since=${child.updated_at}`), [child.id])
})
