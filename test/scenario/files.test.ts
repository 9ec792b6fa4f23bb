/** What is kept with a work order: files, streamed and hashed, and comments. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
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
  assert.deepEqual(
    readdirSync(join(fixture.service.config.DOCKET_DATA, 'uploads')),
    [],
    'nothing stays staged',
  )
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

/** A body by hand, with a disposition as no library would write it. */
const part = (disposition: string): string =>
  `--xx\r\nContent-Disposition: form-data; name="file"; ${disposition}\r\n\r\nhi\r\n--xx--\r\n`

test('R-FIL-3 a name comes back as it was given, without a path, and cannot leave its header', async (t) => {
  const { id } = await create()
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
  assert.deepEqual(staged(), [])
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

/** What the narrow service has on disk and has not done with. */
const staged = (): string[] => readdirSync(join(data, 'uploads'))

test('R-FIL-6 an upload that is broken off leaves nothing behind', async () => {
  const { id } = await create()
  const { hostname, port } = new URL(narrow.url)
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
  for (let cursor = ''; ;) {
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
