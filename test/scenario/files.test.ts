/** What is kept with a work order, and what is taken out of the list: attachments, comments, exports, pages. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parse } from 'csv-parse/sync'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { table } from '../table.ts'
import { openReplica } from './replica.ts'
import type { Replica } from './replica.ts'

const planner = 'Pat Planner'
const worker = 'Lee Lab'
const limitBytes = 300_000

let fixture: Fixture
let data: string
/** A service that takes no attachment larger than `limitBytes`, with a folder of its own for uploads. */
let narrow: Replica
before(async () => {
  fixture = await openFixture()
  data = mkdtempSync(join(tmpdir(), 'docket-files-'))
  narrow = await openReplica(fixture, {
    DOCKET_DATA: data,
    DOCKET_MAX_ATTACHMENT_BYTES: String(limitBytes),
  })
})
after(async () => {
  await narrow.close()
  await fixture.close()
  rmSync(data, { recursive: true, force: true })
})

const create = async (fields: object = {}): Promise<Json> => {
  const { status, body, text } = await fixture.call(planner, 'POST', '/v1/work-orders', {
    title: 'Files',
    ...fields,
  })
  assert.equal(status, 201, text)
  return body
}
const history = async (id: string): Promise<Json[]> =>
  (await fixture.call(planner, 'GET', `/v1/work-orders/${id}/history`)).body.data
const attachments = async (id: string): Promise<Json[]> =>
  (await fixture.call(planner, 'GET', `/v1/work-orders/${id}/attachments`)).body.data
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

type Upload = { readonly status: number; readonly body: Json }
async function upload(
  id: string,
  body: FormData | string,
  headers: Record<string, string> = {},
  url = fixture.url,
): Promise<Upload> {
  const response = await fetch(`${url}/v1/work-orders/${id}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fixture.keyOf(planner)}`, ...headers },
    body,
  })
  return { status: response.status, body: await response.json() }
}
function formOf(
  bytes: Uint8Array<ArrayBuffer> | string,
  name = 'report.pdf',
  type = 'application/pdf',
): FormData {
  const form = new FormData()
  form.append('file', new Blob([bytes], { type }), name)
  return form
}
const download = (id: string, attachmentId: string): Promise<Response> =>
  fetch(`${fixture.url}/v1/work-orders/${id}/attachments/${attachmentId}`, {
    headers: { authorization: `Bearer ${fixture.keyOf(planner)}` },
  })

test('R-FIL-1 what is downloaded is what was uploaded, and its hash is in the entry', async (t) => {
  const chunk = 256 * 1024
  const { id } = await create()
  for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 3_000_000]) {
    await t.test(`${size} bytes`, async () => {
      const bytes = randomBytes(size)
      const { status, body } = await upload(id, formOf(bytes, `${size}.bin`, 'application/octet-stream'))
      assert.equal(status, 201)
      assert.equal(body.size_bytes, size)
      assert.equal(body.sha256, sha256(bytes))
      assert.equal(body.uploaded_by, planner)
      const last = (await history(id)).at(-1)
      assert.equal(last.action, 'attached')
      assert.equal(last.detail.sha256, sha256(bytes))
      assert.equal(last.detail.attachment_id, body.id)
      assert.equal(last.detail.name, `${size}.bin`)
      const response = await download(id, body.id)
      assert.equal(response.headers.get('content-length'), String(size))
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes))
    })
  }
  assert.deepEqual(
    (await attachments(id)).map((file) => file.size_bytes),
    [0, 1, chunk - 1, chunk, chunk + 1, 3_000_000],
  )
  assert.deepEqual(readdirSync(join(fixture.service.config.DOCKET_DATA, 'uploads')), [], 'nothing stays staged')
})

test('R-FIL-2 an attached file is handed out to be kept, never to be run', async () => {
  const { id } = await create()
  const { body } = await upload(id, formOf('<script>alert(1)</script>', 'page.html', 'text/html'))
  assert.equal(body.media_type, 'text/html')
  const { headers } = await download(id, body.id)
  assert.equal(headers.get('content-type'), 'application/octet-stream')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.match(headers.get('content-disposition') ?? '', /^attachment; /)
  assert.equal(
    headers.get('digest'),
    `sha-256=${createHash('sha256').update('<script>alert(1)</script>').digest('base64')}`,
  )
})

test('R-FIL-3 a name comes back as it was given, without a path, and cannot leave its header', async (t) => {
  const { id } = await create()
  const part = (disposition: string): string =>
    `--xx\r\nContent-Disposition: form-data; name="file"; ${disposition}\r\n\r\nhi\r\n--xx--\r\n`
  const names: [string, string][] = [
    ['filename="plain.txt"', 'plain.txt'],
    ['filename="Prüfbericht 测试 🧪.pdf"', 'Prüfbericht 测试 🧪.pdf'],
    ['filename="a\\"quoted\\" name.txt"', 'a"quoted" name.txt'],
    [`filename="it's (1)* 100%.txt"`, `it's (1)* 100%.txt`],
    ['filename="../../etc/passwd"', 'passwd'],
    ['filename="C:\\\\windows\\\\system.ini"', 'system.ini'],
    // How browsers send a newline.
    ['filename="two%0D%0Alines.txt"', 'two%0D%0Alines.txt'],
  ]
  for (const [disposition, name] of names) {
    await t.test(name, async () => {
      const { status, body } = await upload(id, part(disposition), {
        'content-type': 'multipart/form-data; boundary=xx',
      })
      assert.equal(status, 201, JSON.stringify(body))
      assert.equal(body.name, name)
      const { headers } = await download(id, body.id)
      const [, extended = ''] = /^attachment; filename\*=UTF-8''([\w.!~%+-]+)$/.exec(
        headers.get('content-disposition') ?? '',
      ) ?? ['', '']
      assert.equal(decodeURIComponent(extended), name)
    })
  }
  const kept = await attachments(id)
  for (const disposition of [
    `filename*=UTF-8''a%0D%0AX-Evil%3A%201.txt`,
    'filename="nul\0.txt"',
    `filename="${'x'.repeat(300)}"`,
    'filename=" "',
  ]) {
    const { status } = await upload(id, part(disposition), {
      'content-type': 'multipart/form-data; boundary=xx',
    })
    assert.equal(status, 422, disposition)
  }
  assert.deepEqual(await attachments(id), kept)
})

test('R-FIL-4 a file that is too large is refused, and nothing of it is kept', async () => {
  const { id } = await create()
  const fits = await upload(id, formOf(randomBytes(limitBytes)), {}, narrow.url)
  assert.equal(fits.status, 201)
  const kept = await history(id)
  for (const size of [limitBytes + 1, 10 * limitBytes]) {
    const { status, body } = await upload(id, formOf(randomBytes(size)), {}, narrow.url)
    assert.equal(status, 413)
    assert.deepEqual([body.code, body.what, body.limitBytes], ['too_large', 'the file', limitBytes])
  }
  assert.deepEqual(await history(id), kept)
  assert.equal((await attachments(id)).length, 1)
  assert.deepEqual(readdirSync(join(data, 'uploads')), [])
  const long = await fixture.call(planner, 'POST', '/v1/work-orders', { title: 'x'.repeat(1_100_000) })
  assert.deepEqual([long.status, long.body.code], [413, 'too_large'])
})

test('R-FIL-5 a body that is not one whole file is refused', async (t) => {
  const { id } = await create()
  const two = formOf('1', '1.txt')
  two.append('file', new Blob(['2']), '2.txt')
  const fieldBefore = new FormData()
  fieldBefore.append('note', 'x')
  fieldBefore.append('file', new Blob(['1']), '1.txt')
  const fieldAfter = formOf('1', '1.txt')
  fieldAfter.append('note', 'x')
  const fieldOnly = new FormData()
  fieldOnly.append('note', 'x')
  const multipart = { 'content-type': 'multipart/form-data; boundary=xx' }
  const cut = '--xx\r\nContent-Disposition: form-data; name="file"; filename="cut.txt"\r\n\r\nhal'
  const cases: [string, number, FormData | string, Record<string, string>][] = [
    ['two files', 422, two, {}],
    ['a field before the file', 422, fieldBefore, {}],
    ['a field after the file', 422, fieldAfter, {}],
    ['a field and no file', 422, fieldOnly, {}],
    ['an empty form', 422, new FormData(), {}],
    ['a body that breaks off', 422, cut, multipart],
    ['no form at all', 422, 'hello', multipart],
    ['no boundary', 422, 'hello', { 'content-type': 'multipart/form-data' }],
    ['JSON', 415, '{}', { 'content-type': 'application/json' }],
    ['text', 415, 'hello', { 'content-type': 'text/plain' }],
  ]
  for (const [what, expected, body, headers] of cases) {
    await t.test(what, async () => {
      const reply = await upload(id, body, headers)
      assert.equal(reply.status, expected, JSON.stringify(reply.body))
    })
  }
  assert.deepEqual(await attachments(id), [])
  assert.equal((await history(id)).length, 1)
})

test('R-FIL-6 an upload that is broken off leaves nothing behind', async () => {
  const { id } = await create()
  const { hostname, port } = new URL(narrow.url)
  const staged = (): string[] => readdirSync(join(data, 'uploads'))
  const sending = request({
    method: 'POST',
    hostname,
    port,
    path: `/v1/work-orders/${id}/attachments`,
    headers: {
      authorization: `Bearer ${fixture.keyOf(planner)}`,
      'content-type': 'multipart/form-data; boundary=xx',
      'content-length': '100000',
    },
  })
  sending.on('error', () => undefined)
  sending.write('--xx\r\nContent-Disposition: form-data; name="file"; filename="cut.bin"\r\n\r\n')
  sending.write(randomBytes(50_000))
  await until('the upload has begun', () => staged().length === 1)
  sending.destroy()
  await until('what was staged is removed', () => staged().length === 0)
  assert.deepEqual(await attachments(id), [])
})

async function until(what: string, isSo: () => boolean): Promise<void> {
  const start = performance.now()
  while (!isSo()) {
    assert.ok(performance.now() - start < 5000, what)
    await pause(10)
  }
}

test('R-FIL-7 a repeated upload under one idempotency key is one attachment', async () => {
  const { id } = await create()
  const key = { 'idempotency-key': 'upload-once' }
  const first = await upload(id, formOf('the same'), key)
  const again = await upload(id, formOf('the same'), key)
  assert.equal(first.status, 201)
  assert.deepEqual(again.body, first.body)
  const other = await upload(id, formOf('another'), key)
  assert.equal(other.body.code, 'idempotency_key_reused')
  assert.equal((await attachments(id)).length, 1)
})

test('R-FIL-8 files and comments of a final record stay as they are', async () => {
  const { id } = await create()
  const { body: file } = await upload(id, formOf('before'))
  await fixture.call(planner, 'POST', `/v1/work-orders/${id}/transitions`, { to: 'cancelled', reason: 'no' })
  const late = await upload(id, formOf('after'))
  assert.deepEqual([late.status, late.body.code], [409, 'record_final'])
  const comment = await fixture.call(planner, 'POST', `/v1/work-orders/${id}/comments`, { body: 'after' })
  assert.equal(comment.body.code, 'record_final')
  assert.equal(await (await download(id, file.id)).text(), 'before')
})

test('R-FIL-9 a file is found under its own work order only', async () => {
  const [mine, other] = [await create(), await create()]
  const { body } = await upload(mine.id, formOf('mine'))
  assert.equal((await download(mine.number, body.id)).status, 200)
  assert.equal((await download(other.id, body.id)).status, 404)
  assert.equal((await download(mine.id, mine.id)).status, 404)
  assert.equal((await upload('WO-2026-999999', formOf('lost'))).status, 404)
  for (const who of ['Vik Vendor', '夏哥']) {
    const path = `/v1/work-orders/${mine.id}/attachments`
    assert.equal((await fixture.call(who, 'GET', path)).status, 404)
    assert.equal((await fixture.call(who, 'GET', `${path}/${body.id}`)).status, 404)
  }
})

test('R-CMT-1 comments are kept in order, by whom and when, and are entries of the record', async () => {
  const { id, version } = await create()
  const path = `/v1/work-orders/${id}/comments`
  const bodies = ['first', 'with\ntwo lines', '配件已订购 🔧', '=1+1', '<b>bold</b>']
  for (const [i, body] of bodies.entries()) {
    const reply = await fixture.call(i % 2 === 0 ? planner : worker, 'POST', path, { body })
    assert.equal(reply.status, 201)
    assert.equal(reply.body.body, body)
  }
  for (const body of ['', '   ', 'nul\0', 'x'.repeat(20_001), 7])
    assert.equal((await fixture.call(planner, 'POST', path, { body })).status, 422)
  const seen: Json[] = []
  for (let cursor = ''; ; ) {
    const { body } = await fixture.call(
      planner,
      'GET',
      `${path}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    seen.push(...body.data)
    if (body.next_cursor === null) break
    cursor = body.next_cursor
  }
  assert.deepEqual(
    seen.map((comment) => [comment.author, comment.body]),
    bodies.map((body, i) => [i % 2 === 0 ? planner : worker, body]),
  )
  const rows = (await history(id)).filter((row) => row.action === 'commented')
  assert.deepEqual(
    rows.map((row) => row.id),
    seen.map((comment) => comment.id),
  )
  const { body } = await fixture.call(planner, 'GET', `/v1/work-orders/${id}`)
  assert.equal(body.version, version, 'the record itself stays as it is')
})

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
    .map((line) => JSON.parse(line) as Json)
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
    .map((line) => (JSON.parse(line) as Json).id)
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
      for (let cursor: string | null = ''; cursor !== null; ) {
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
      assert.deepEqual(rows.map((row) => row.id).toSorted(), made.toSorted())
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

test('R-LST-2 a cursor is good for its own list only', async () => {
  const { body } = await fixture.call(planner, 'GET', '/v1/work-orders?project=pages&limit=5&sort=priority')
  const bad = [
    `sort=created&cursor=${body.next_cursor}`,
    `sort=priority&order=desc&cursor=${body.next_cursor}`,
    'cursor=nonsense',
    `cursor=${Buffer.from('{}').toString('base64url')}`,
    `cursor=${Buffer.from('{"sort":"created","order":"","key":null,"id":"1"}').toString('base64url')}`,
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
