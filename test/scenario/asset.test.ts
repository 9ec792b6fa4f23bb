/** Assets over REST: trees without cycles, what was true when, and codes that lead to them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import jsqr from 'jsqr'
import { withClient } from '#platform/database.ts'
import { must, openFixture } from '../fixture.ts'
import type { Fixture, Json, Reply } from '../fixture.ts'
import { table } from '../table.ts'

const [planner, worker] = ['Pat Planner', 'Lee Lab']
let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

const add = (tag: string, fields: object = {}): Promise<Json> =>
  must(fixture.call(planner, 'POST', '/v1/assets', { tag, name: `${tag} of the test`, ...fields }), 201)
const change = (tag: string, fields: object): Promise<Reply> =>
  fixture.call(planner, 'PATCH', `/v1/assets/${tag}`, { reason: 'rebuilt', ...fields })

test('R-AST-1 no asset is part of itself, however many there are in between: the refusal says by which way', async () => {
  await add('N-1')
  await add('N-2', { parent: 'N-1' })
  await add('N-3', { parent: 'N-2' })
  const cases = table`
    asset | parent | status | says
    N-1   | N-1    | 422    | an asset is not part of itself: N-1 → N-1
    N-1   | N-3    | 422    | an asset is not part of itself: N-1 → N-3 → N-2 → N-1
    N-2   | N-3    | 422    | an asset is not part of itself: N-2 → N-3 → N-2
    N-3   | N-1    | 200    |
  `
  for (const { asset = '', parent = '', status = '', says = '' } of cases) {
    const reply = await change(asset, { parent })
    assert.equal(String(reply.status), status, reply.text)
    if (says !== '') assert.equal(reply.body.errors[0].message, says)
  }
})

test('R-AST-1 the database refuses a cycle too, also of two that are moved at once', async () => {
  const [a, b, c] = [await add('C-1'), await add('C-2'), await add('C-3', { parent: 'C-2' })]
  await withClient(fixture.adminUrl, async (client) => {
    const attempt = (id: string, parent: string): Promise<string> =>
      client.query('update assets set parent_id = $2 where id = $1', [id, parent]).then(
        () => 'done',
        (error: { code?: string }) => error.code ?? 'no code',
      )
    assert.equal(await attempt(b.id, c.id), 'DK042')
    assert.equal(await attempt(b.id, b.id), 'DK042')
  })
  for (let round = 0; round < 5; round += 1) {
    await must(change('C-1', { parent: null }))
    await must(change('C-2', { parent: null }))
    const replies = await Promise.all([change('C-1', { parent: 'C-3' }), change('C-2', { parent: 'C-1' })])
    assert.deepEqual(
      replies.map(({ status }) => status).toSorted((x, y) => x - y),
      [200, 422],
    )
  }
  assert.ok(a.id)
})

test('R-AST-2 what status, place and owner an asset had is told with from, until, by whom and why', async () => {
  await add('H-1', { location: 'Hall 1' })
  await must(change('H-1', { name: 'other name', reason: 'renamed' }))
  await must(change('H-1', { status: 'out_of_service', reason: 'broken' }))
  await must(change('H-1', { status: 'in_service', location: 'Hall 2', owner: worker, reason: 'repaired' }))
  await must(change('H-1', { owner: null, reason: 'left' }))
  const { tag, data } = await must(fixture.call(worker, 'GET', '/v1/assets/H-1/history'))
  assert.equal(tag, 'H-1')
  assert.deepEqual(
    data.map(({ status, location, owner, by, reason, version }: Json) => [
      version,
      status,
      location,
      owner,
      by,
      reason,
    ]),
    [
      [1, 'in_service', 'Hall 1', null, planner, null],
      [3, 'out_of_service', 'Hall 1', null, planner, 'broken'],
      [4, 'in_service', 'Hall 2', worker, planner, 'repaired'],
      [5, 'in_service', 'Hall 2', null, planner, 'left'],
    ],
  )
  data.forEach(({ until }: Json, i: number) => assert.equal(until, data[i + 1]?.from ?? null))
  assert.equal((await fixture.call(worker, 'GET', '/v1/assets/none/history')).status, 404)
})

test('R-AST-3 an asset is read with all that is part of it, each below what it is part of', async () => {
  await add('T-1')
  await add('T-1-b', { parent: 'T-1' })
  await add('T-1-a', { parent: 'T-1' })
  await add('T-1-a-1', { parent: 'T-1-a' })
  const { data, more } = await must(fixture.call(worker, 'GET', '/v1/assets/T-1/tree'))
  assert.deepEqual(
    data.map(({ depth, tag, parent }: Json) => [depth, tag, parent]),
    [
      [0, 'T-1', null],
      [1, 'T-1-a', 'T-1'],
      [2, 'T-1-a-1', 'T-1-a'],
      [1, 'T-1-b', 'T-1'],
    ],
  )
  assert.equal(more, false)
})

/** The squares of the picture as pixels, four for each, as a camera would have them. */
function draw(svg: string): { pixels: Uint8ClampedArray; width: number } {
  const size = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)?.[1])
  const dark = new Set<number>()
  for (const [, path = ''] of svg.matchAll(/ d="([^"]+)"/g)) fillPath(path, size, dark)
  const width = size * 4
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255)
  for (let y = 0; y < width; y += 1)
    for (let x = 0; x < width; x += 1)
      if (dark.has((y >> 2) * size + (x >> 2))) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3)
  return { pixels, width }
}

/** Outlines of whole squares (M, m, h, v, H, V, z), filled where an odd number of upright edges stands to the left. */
function fillPath(path: string, size: number, dark: Set<number>): void {
  let [x, y, x0, y0] = [0, 0, 0, 0]
  const edges: [x: number, from: number, to: number][] = []
  const to = (nx: number, ny: number): void => {
    if (nx === x && ny !== y) edges.push([x, Math.min(y, ny), Math.max(y, ny)])
    x = nx
    y = ny
  }
  for (const [, command = '', rest = ''] of path.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const numbers = [...rest.matchAll(/-?\d+/g)].map(Number)
    const [n = 0, m = 0] = numbers
    if (command === 'M' || command === 'm') {
      x = x0 = command === 'M' ? n : x + n
      y = y0 = command === 'M' ? m : y + m
    } else if (command === 'h' || command === 'H') to(command === 'h' ? x + n : n, y)
    else if (command === 'v' || command === 'V') to(x, command === 'v' ? y + n : n)
    else if (command === 'z' || command === 'Z') to(x0, y0)
    else throw new Error(`the picture has ${command}`)
  }
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1)
      if (edges.filter(([at, from, until]) => at <= column && from <= row && row < until).length % 2 === 1)
        dark.add(row * size + column)
}

test('R-AST-4 the code of an asset leads to its page, read by another reader than the one that wrote it', async () => {
  for (const tag of ['QR-1', 'Häuser & Höfe/7', 'x'.repeat(200)]) {
    await add(tag)
    const address = `/v1/assets/${encodeURIComponent(tag)}/qr`
    const { url, svg } = await must(fixture.call(worker, 'GET', address))
    assert.match(url, /^http:\/\/localhost:\d+\/assets\//)
    assert.equal(decodeURIComponent(new URL(url).pathname), `/assets/${tag}`)
    const { pixels, width } = draw(svg)
    const read = (jsqr as unknown as typeof jsqr.default)(pixels, width, width)
    assert.equal(read?.data, url)
    const page = await fetch(new URL(url, fixture.url).href.replace(/^http:\/\/localhost:\d+/, fixture.url))
    assert.match(await page.text(), /\/pages\/asset\.js/)
  }
  const shown = await fetch(`${fixture.url}/v1/assets/QR-1/qr`, {
    headers: { authorization: `Bearer ${fixture.keyOf(worker)}`, accept: 'image/svg+xml' },
  })
  assert.equal(shown.headers.get('content-type'), 'image/svg+xml; charset=utf-8')
  assert.match(shown.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/)
  assert.match(await shown.text(), /^<svg/)
})
