/**
 * Rows imported per second, beside their ceiling in the same run: the very insert statements of an import,
 * with their parameters ready-made, from a bare driver on one connection (an import is one transaction).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importWorkOrders } from '#capabilities/import/import.ts'
import { foundTenant } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import { openDatabase } from '#platform/database.ts'
import type { Database } from '#platform/database.ts'
import type { Floor } from '#platform/tx.ts'
import { machine, openWorld } from './world.ts'
import type { World } from './world.ts'

type Statement = { readonly name: string; readonly text: string; readonly values: unknown[] }

const rows = Number(process.argv[2] ?? 5485)
const rounds = Number(process.argv[3] ?? 3)
const example = new URL('../data/excavators/', import.meta.url)
const map = new URL('map.json', example).pathname

/** The excavators' work orders over and over: equal rows are told apart by how often they came. */
function writeRows(path: string): void {
  const [header = '', ...lines] = readFileSync(new URL('work-orders.csv', example), 'utf8')
    .trimEnd()
    .split('\n')
  const chosen = Array.from({ length: rows }, (_, i) => lines[i % lines.length])
  writeFileSync(path, `${[header, ...chosen].join('\n')}\n`)
}

async function newTenant(world: World, slug: string): Promise<Operator> {
  const founded = await foundTenant(world.service.floor, {
    slug,
    name: slug,
    default_lifecycle: 'change-control',
  })
  if (!founded.ok) throw new Error(founded.refusal.code)
  return founded.value
}

async function timeImport(floor: Floor, operator: Operator, file: string): Promise<number> {
  const start = performance.now()
  const report = await importWorkOrders(floor, operator, { file, map, skipBad: false })
  if (report.imported !== rows) throw new Error(`imported ${report.imported} of ${rows}`)
  return rows / ((performance.now() - start) / 1000)
}

/** The part of pg's connection through which every statement goes. */
type Wire = {
  parse(query: { readonly name: string; readonly text: string }): void
  bind(portal: { readonly statement: string; readonly values: unknown[] }): void
}

/** What an import says to the database; it is broken off before its commit, so that the same rows can go in again. */
async function recordStatements(alone: Database, operator: Operator, file: string): Promise<Statement[]> {
  const said: Statement[] = []
  const texts = new Map<string, string>()
  const client = await alone.pool.connect()
  const { connection } = client as unknown as { readonly connection: Wire }
  const parse = connection.parse.bind(connection)
  const bind = connection.bind.bind(connection)
  connection.parse = (query) => {
    texts.set(query.name, query.text)
    parse(query)
  }
  connection.bind = (portal) => {
    const text = texts.get(portal.statement) ?? ''
    if (/^\s*insert/.test(text)) said.push({ name: `bare_${portal.statement}`, text, values: portal.values })
    bind(portal)
  }
  client.release()
  const broken = new Error('recorded')
  const onProgress = (done: number, total: number): void => {
    if (done === total) throw broken
  }
  const floor: Floor = { ...world.service.floor, db: alone }
  await importWorkOrders(floor, operator, { file, map, skipBad: false, onProgress }).catch(
    (error: unknown) => {
      if (error !== broken) throw error
    },
  )
  Object.assign(connection, { parse, bind })
  if (said.length < 4 * Math.ceil(rows / 1000)) throw new Error(`heard only ${said.length} statements`)
  return said
}

async function timeCeiling(
  alone: Database,
  operator: Operator,
  statements: readonly Statement[],
): Promise<number> {
  const client = await alone.pool.connect()
  try {
    const start = performance.now()
    await client.query('begin')
    await client.query(`select set_config('docket.tenant_id', $1, true)`, [operator.tenantId])
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
    return rows / ((performance.now() - start) / 1000)
  } finally {
    client.release()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'docket-import-'))
const world = await openWorld()
try {
  const file = join(folder, 'work-orders.csv')
  writeRows(file)
  await timeImport(world.service.floor, await newTenant(world, 'warm'), file)
  const ratios: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const imported = await timeImport(world.service.floor, await newTenant(world, `import-${round}`), file)
    const bare = await newTenant(world, `bare-${round}`)
    // One connection, and a new one: it hears every statement from its first preparation on.
    const url = (): string => world.service.installation.urlOf('docket_app')
    const alone = openDatabase({ url, max: 1, applicationName: 'bench' })
    const ceiling = await timeCeiling(alone, bare, await recordStatements(alone, bare, file))
    await alone.close()
    ratios.push(imported / ceiling)
    console.log(
      `round ${round}: ${imported.toFixed(0)} rows/s imported (both readings, checks and commit included); ceiling ${ceiling.toFixed(0)} rows/s; ratio ${(imported / ceiling).toFixed(2)}`,
    )
  }
  const middle = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN
  console.log(`${rows} rows, median ratio ${middle.toFixed(2)}; ${machine()}`)
} finally {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
}
