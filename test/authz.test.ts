/**
 * Every operation × every kind of principal × own tenant, another tenant, nobody: over HTTP and as a tool,
 * on records on which the call can succeed, against the oracle in authz-oracle.ts.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operations } from '#capabilities/index.ts'
import { offeredTools } from '#edges/mcp.ts'
import type { Operation } from '#platform/operation.ts'
import { oracle } from './authz-oracle.ts'
import { recipes } from './authz-recipe.ts'
import type { Shot } from './authz-recipe.ts'
import { openWorld, upload } from './authz-world.ts'
import type { Seat, World } from './authz-world.ts'
import { send } from './fixture.ts'
import type { Reply } from './fixture.ts'
import { openMcp } from './scenario/mcp-client.ts'
import type { McpClient } from './scenario/mcp-client.ts'

type Row = { readonly [column: string]: string }
type Cells = { readonly [column: string]: string }

let world: World
const clients = new Map<string, McpClient>()
const toolsOf = new Map<string, readonly string[]>()
before(async () => {
  world = await openWorld()
  for (const seat of world.seats.filter(({ isIn }) => isIn)) {
    const client = await openMcp(world.fixture.url, seat.key ?? '')
    clients.set(seat.column, client)
    toolsOf.set(
      seat.column,
      (await client.tools()).map(({ name }) => name),
    )
  }
})
after(async () => {
  await Promise.all([...clients.values()].map((client) => client.close()))
  await world.close()
})

const titleOf = (row: Row): string =>
  row['case'] === '' ? (row['operation'] ?? '') : `${row['operation']}: ${row['case']}`
const operationOf = (row: Row): Operation | undefined =>
  operations.find(({ name }) => name === row['operation'])
const columnsOf = ({ operation: _operation, case: _case, tool: _tool, ...cells }: Row): Cells => cells

function shootHttp(seat: Seat, operation: Operation, { input, file }: Shot): Promise<Reply> {
  const [method, route] = operation.http
  const left = new Map(Object.entries(input))
  const path = route.replaceAll(/:(\w+)/g, (_all, name: string) => {
    const value = String(left.get(name))
    left.delete(name)
    return encodeURIComponent(value)
  })
  const url = `${world.fixture.url}${path}`
  if (file !== undefined) return upload(url, seat.key, file, file)
  if (method !== 'GET') return send(url, seat.key, method, Object.fromEntries(left))
  const query = new URLSearchParams(
    Object.fromEntries([...left].map(([name, value]) => [name, String(value)])),
  )
  return send(`${url}?${query.toString()}`, seat.key, method)
}

function toHttpCell(operation: Operation, { status, body, text }: Reply, mark: string | undefined): string {
  if (status < 300) return mark === undefined || text.includes(mark) ? 'ok' : 'none'
  assert.equal(body.status, status, text)
  return body.code === 'not_allowed' && body.operation === operation.name ? 'no' : String(status)
}

async function shootTool(seat: Seat, tool: string, shot: Shot): Promise<string> {
  const client = clients.get(seat.column)
  if (client === undefined) {
    const call = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: tool, arguments: shot.input },
    }
    return String((await send(`${world.fixture.url}/mcp`, seat.key, 'POST', call)).status)
  }
  const { refused, body, text } = await client.call(tool, shot.args ?? shot.input)
  const isListed = toolsOf.get(seat.column)?.includes(tool) === true
  if (!isListed)
    return refused && body.code === 'not_found' && /tool/.test(body.title) ? 'no' : `hidden: ${text}`
  if (refused) return String(body.status)
  return shot.mark === undefined || text.includes(shot.mark) ? 'ok' : 'none'
}

/** As a set, for comparison. */
const sorted = (names: Iterable<string | undefined>): string[] =>
  [...new Set(names)].map((name) => name ?? '').toSorted()

test('R-AUT-30 the oracle has a row for every operation, every tool, and none besides', () => {
  const cells = oracle.map((row) => row['operation'])
  assert.deepEqual(sorted(cells), sorted(operations.map(({ name }) => name)))
  const tools = oracle.map((row) => row['tool']).filter((tool) => tool !== '-')
  assert.deepEqual(sorted(tools), sorted(offeredTools.map(({ name }) => name)))
  assert.deepEqual(oracle.map(titleOf).toSorted(), Object.keys(recipes).toSorted())
  for (const row of oracle)
    assert.deepEqual(
      Object.keys(columnsOf(row)).toSorted(),
      world.seats.map(({ column }) => column).toSorted(),
    )
})

test('R-AUT-31 every operation, for every kind of principal, over HTTP', async (t) => {
  for (const row of oracle) {
    await t.test(titleOf(row), async () => {
      const operation = operationOf(row)
      const recipe = recipes[titleOf(row)]
      assert.ok(operation !== undefined && recipe !== undefined)
      const toCell = async (seat: Seat): Promise<readonly [string, string]> => {
        const shot = await recipe(world, seat)
        return [seat.column, toHttpCell(operation, await shootHttp(seat, operation, shot), shot.mark)]
      }
      const cells: (readonly [string, string])[] = []
      // Of packs only a few are made at a time.
      if (operation.name === 'pack.export') for (const seat of world.seats) cells.push(await toCell(seat))
      else cells.push(...(await Promise.all(world.seats.map(toCell))))
      assert.deepEqual(Object.fromEntries(cells), columnsOf(row))
    })
  }
})

test('R-AUT-32 every operation that is a tool, for every kind of principal', async (t) => {
  for (const row of oracle.filter(({ tool }) => tool !== '-')) {
    await t.test(`${row['tool']}, ${titleOf(row)}`, async () => {
      const recipe = recipes[titleOf(row)]
      assert.ok(recipe !== undefined)
      const cells = world.seats.map(async (seat) => [
        seat.column,
        await shootTool(seat, row['tool'] ?? '', await recipe(world, seat)),
      ])
      assert.deepEqual(Object.fromEntries(await Promise.all(cells)), columnsOf(row))
    })
  }
})

test('R-AUT-33 the list of tools of each principal holds those that it may ever use, and no other', () => {
  for (const { column, isIn } of world.seats) {
    if (!isIn) continue
    const usable = oracle
      .filter((row) => row['tool'] !== '-' && row[column] !== 'no')
      .map((row) => row['tool'])
    assert.deepEqual(toolsOf.get(column)?.toSorted(), sorted(usable), column)
  }
})

test('R-AUT-34 whoever is not let in learns nothing but that, whatever is asked', async () => {
  const outside = world.seats.filter(({ isIn }) => !isIn)
  assert.equal(outside.length, 4)
  for (const operation of operations as readonly Operation[]) {
    for (const seat of outside) {
      const { status, body } = await shootHttp(seat, operation, {
        input: { id: world.ids.hplc, nonsense: 1 },
      })
      assert.equal(status, 401, `${operation.name} ${seat.column}`)
      const { instance: _instance, ...told } = body
      assert.deepEqual(Object.keys(told).toSorted(), ['code', 'status', 'title', 'type'])
    }
  }
})
