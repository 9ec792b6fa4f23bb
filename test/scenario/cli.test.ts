/** The `docket` command: every command explains itself, and its exit code says what became of it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { parse } from 'csv-parse/sync'
import { buildCli, runCli } from '#edges/cli.ts'
import { readConfig } from '#platform/config.ts'
import { startSealer } from '#capabilities/log/sealer.ts'
import { openFixture, send } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { openTestSealing } from '../sealing.ts'
import { table } from '../table.ts'

const planner = 'Pat Planner'
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let fixture: Fixture
let sealer: ReturnType<typeof startSealer>
let folder: string
before(async () => {
  fixture = await openFixture()
  // What is exported must be in the log.
  sealer = startSealer(openTestSealing(fixture), () => undefined)
  folder = mkdtempSync(join(tmpdir(), 'docket-cli-'))
})
after(async () => {
  await sealer.stop()
  await fixture.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What a person would type where secrets are asked for. */
const typed = 'a password of a person\nthe passphrase of a key\n'

type Run = { readonly code: number; readonly out: string; readonly err: string }
async function run(argv: readonly string[], environment: NodeJS.ProcessEnv, input = ''): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runCli(argv, environment, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    input: Readable.from([input]),
  })
  return { code, out, err }
}
const as = (principal: string): NodeJS.ProcessEnv => ({
  DOCKET_URL: fixture.url,
  DOCKET_KEY: fixture.keyOf(principal),
})
const docket = (...argv: string[]): Promise<Run> => run(argv, as(planner))
/** Settings of a host command on the fixture's database. */
const onHost = (): NodeJS.ProcessEnv => ({ DATABASE_URL: fixture.adminUrl, DOCKET_DATA: folder })

/** The same as a process of its own; what it prints as bytes. */
function spawnDocket(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ code: number | null; out: Buffer; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const out: Buffer[] = []
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err }))
  })
}

async function create(...options: string[]): Promise<Json> {
  const { code, out, err } = await docket(
    'work-order',
    'create',
    '--title',
    'From the CLI',
    ...options,
    '--json',
  )
  assert.equal(code, 0, err)
  return JSON.parse(out)
}

/** Every command that does something, as the words that call it. */
function listCommands(): string[][] {
  const walk = (command: Command, words: string[]): string[][] =>
    command.commands.length === 0
      ? [words]
      : command.commands.flatMap((child) => walk(child, [...words, child.name()]))
  const silent = { out: () => undefined, err: () => undefined }
  return walk(
    buildCli(() => readConfig({}), silent),
    [],
  )
}

const exampleOf = (help: string): string | undefined => /\n {2}\$ (docket .*)/.exec(help)?.[1]

test('R-CLI-1 the help of every command says what it does and shows an example', async (t) => {
  const commands = listCommands()
  assert.ok(commands.length > 30, `only ${commands.length} commands`)
  for (const words of commands) {
    await t.test(words.join(' '), async () => {
      const { code, out, err } = await run([...words, '--help'], {})
      assert.deepEqual([code, err], [0, ''])
      assert.match(out, /^Usage: docket /)
      assert.ok(exampleOf(out)?.startsWith(`docket ${words.join(' ')}`), out)
    })
  }
  const { code, out } = await run(['--help'], {})
  assert.equal(code, 0)
  for (const noun of new Set(commands.map(([first]) => first))) assert.ok(out.includes(`  ${noun}`), noun)
})

/** A command line as a shell would split it, as far as examples need that. */
const splitLine = (line: string): string[] =>
  [...line.replace(/ > \S+$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )

test('R-CLI-2 every example of an operation is understood', async (t) => {
  writeFileSync(join(folder, 'report.pdf'), 'a report')
  writeFileSync(join(folder, 'tools.csv'), 'name,quantity\ntorque wrench,3\n')
  const started = process.cwd()
  process.chdir(folder)
  await create()
  for (const words of listCommands()) {
    const { out } = await run([...words, '--help'], {})
    if (!out.includes('--url')) continue // a command of the host
    await t.test(words.join(' '), async () => {
      const example = exampleOf(out) ?? ''
      const [, ...argv] = splitLine(example)
      // A file goes to standard output itself, which here is the test's own.
      const { code, err } = example.includes(' > ')
        ? await spawnDocket([...argv, '--json'], as('Ada Admin'))
        : await run([...argv, '--json'], as('Ada Admin'), typed)
      assert.ok(code === 0 || code === 1, `exit ${code}: ${err}`)
      const understood = [
        'not_found',
        'role_required',
        'fields_not_yours',
        'gate_not_open',
        'not_signed',
        'not_sealed_yet',
        'not_under_way',
        'delegation_refused',
        'tree_refused',
      ]
      if (code === 1) assert.ok(understood.includes(JSON.parse(err).code), err)
    })
  }
  process.chdir(started)
})

/** A server that gives everybody one answer. */
async function answering(
  status: number,
  type: string,
  body: string,
): Promise<{ url: string; close(): void }> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

test('R-CLI-3 exit codes: done, refused, not understood, try again later, the machine needs a hand', async (t) => {
  const { number } = await create()
  const ours = as(planner)
  const nowhere = { ...ours, DOCKET_URL: 'http://127.0.0.1:1' }
  const problem = 'application/problem+json'
  const away = await answering(503, problem, '{"title":"away just now"}')
  const proxy = await answering(502, 'text/html', '<h1>Bad gateway</h1>')
  const stranger = await answering(200, 'text/html', '<h1>It works</h1>')
  const cases: [number, string, NodeJS.ProcessEnv, RegExp][] = [
    [0, 'me get', ours, /^$/],
    [0, '--version', {}, /^$/],
    [1, `work-order transition ${number} --to closed`, ours, /cannot become closed/],
    [1, 'work-order get WO-2026-999999', ours, /was not found/],
    [1, 'me get', { ...ours, DOCKET_KEY: 'dk_nobody' }, /sign in/],
    [1, 'work-order create --title x --lifecycle fleet', ours, /\[Project-Category\]/],
    [1, 'tenant create acme-bio --name again', onHost(), /already a tenant/],
    [1, 'key create --tenant nowhere --principal x', onHost(), /no tenant "nowhere"/],
    [2, 'work-order', ours, /Usage/],
    [2, 'work-order dance', ours, /unknown command/],
    [2, 'work-order get', ours, /missing required argument/],
    [2, 'work-order create', ours, /required option '--title/],
    [2, 'work-order list --colour red', ours, /unknown option/],
    [2, 'work-order list --format xml', ours, /csv, ndjson/],
    [2, 'key create --tenant acme-bio', onHost(), /--principal/],
    [2, 'tenant create Acme! --name x', onHost(), /slug/],
    [2, 'tenant create acme --name x --lifecycle none', onHost(), /change-control, qms, fleet/],
    [75, 'me get', nowhere, /No service answers at http:\/\/127\.0\.0\.1:1: start it/],
    [75, 'me get', { ...ours, DOCKET_URL: away.url }, /away just now/],
    [75, 'me get', { ...ours, DOCKET_URL: proxy.url }, /answers 502/],
    [78, 'me get', { ...ours, DOCKET_URL: stranger.url }, /is not Docket/],
    [78, 'work-order list', { ...ours, DOCKET_URL: stranger.url }, /check DOCKET_URL/],
    [78, 'me get', { DOCKET_URL: fixture.url }, /No API key: set DOCKET_KEY/],
    [78, 'me get', { ...ours, PORT: 'many' }, /PORT/],
    [78, 'attachment add WO-2026-000001 --file /no/such/file', ours, /cannot be read/],
    [78, 'migrate', { ...onHost(), DATABASE_URL: 'postgres://127.0.0.1:1/none' }, /DATABASE_URL/],
  ]
  for (const [expected, line, environment, says] of cases) {
    await t.test(`${expected}: docket ${line}`, async () => {
      const { code, err } = await run(splitLine(line), environment)
      assert.equal(code, expected, err)
      assert.match(err, says)
      assert.doesNotMatch(err, /\n {4}at /, 'no stack')
    })
  }
  for (const server of [away, proxy, stranger]) server.close()
})

test('R-CLI-4 with --json the answer is JSON, and so is a refusal with all that is unmet', async () => {
  const { number, version } = await create(
    '--assignee',
    'Lee Lab',
    '--tags',
    'a,b',
    '--estimated-hours',
    '2.5',
  )
  assert.equal(version, 1)
  const read = JSON.parse((await docket('work-order', 'get', number, '--json')).out)
  assert.deepEqual([read.assignee, read.tags, read.estimated_hours], ['Lee Lab', ['a', 'b'], 2.5])
  const refused = await docket('work-order', 'transition', number, '--to', 'pending_approval', '--json')
  assert.equal(refused.code, 1)
  assert.equal(refused.out, '')
  const problem = JSON.parse(refused.err)
  assert.deepEqual([problem.code, problem.missing_fields], ['missing_fields', ['description']])
  const plain = await docket('work-order', 'transition', number, '--to', 'pending_approval')
  assert.equal(plain.err, 'missing: description\n')
  const job = ['--job-plan', '{"title":"p","steps":["one"]}']
  const planned = await docket('work-order', 'update', number, ...job, '--regulatory', 'false', '--json')
  assert.deepEqual(JSON.parse(planned.out).job_plan, { title: 'p', steps: ['one'] })
})

test('R-CLI-5 an idempotency key and a version that was read are options', async () => {
  const once = ['--idempotency-key', 'cli-1']
  const first = await create(...once)
  assert.equal((await create(...once)).id, first.id)
  const stale = await docket('work-order', 'update', first.number, '--priority', 'high', '--if-version', '7')
  assert.deepEqual([stale.code, /version 7, it is now 1/.test(stale.err)], [1, true])
  const fresh = await docket('work-order', 'update', first.number, '--priority', 'high', '--if-version', '1')
  assert.equal(fresh.code, 0)
})

/** Columns that a terminal needs: the ideographs of these tests take two. */
const columnsOf = (line: string): number =>
  Array.from(line).reduce((sum, character) => sum + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0)

test('R-CLI-6 a list is a table that fits the terminal, also with wide characters', async () => {
  const title = '把调度工作者迁移到云端并且验证所有九种引擎模式 and then some more words that take room'
  await create('--title', title, '--project', 'wide', '--assignee', planner)
  await create('--project', 'wide')
  const { columns } = process.stdout
  process.stdout.columns = 80
  const { out } = await docket('work-order', 'list', '--project', 'wide', '--limit', '1')
  process.stdout.columns = columns
  const [head = '', row = '', empty, more = ''] = out.split('\n')
  assert.deepEqual(head.split(/ {2,}/), ['NUMBER', 'STATUS', 'PRIORITY', 'ASSIGNEE', 'TITLE', 'CREATED_AT'])
  assert.match(row, /^WO-\d{4}-\d{6} +draft +medium/)
  assert.equal(empty, '')
  assert.match(more, /^more: --cursor \S+$/)
  for (const line of [head, row]) assert.ok(columnsOf(line) <= 80, `${columnsOf(line)}: ${line}`)
  const cursor = more.split(' ').at(-1) ?? ''
  process.stdout.columns = 80
  const next = await docket('work-order', 'list', '--project', 'wide', '--limit', '1', '--cursor', cursor)
  process.stdout.columns = columns
  const [, second = ''] = next.out.split('\n')
  assert.ok(columnsOf(second) <= 80 && second.includes('…'), second)
  assert.equal((await docket('work-order', 'list', '--project', 'none')).out, 'nothing found\n')
})

test('R-CLI-7 one record is shown as what it says, and nothing that is empty', async () => {
  const { number } = await create('--description', 'two\nlines')
  const { out } = await docket('work-order', 'get', number)
  assert.match(out, new RegExp(`^number +${number}$`, 'm'))
  assert.match(out, /^description +two\n +lines$/m)
  assert.doesNotMatch(out, /null|assignee/)
})

test('R-CLI-8 a list as CSV or NDJSON is the whole list', async () => {
  for (let i = 0; i < 3; i += 1) await create('--project', 'whole')
  const csv = await docket('work-order', 'list', '--project', 'whole', '--limit', '1', '--format', 'csv')
  assert.equal(parse(csv.out, { columns: true }).length, 3)
  const lines = await docket('work-order', 'list', '--project', 'whole', '--format', 'ndjson')
  assert.equal(lines.out.trimEnd().split('\n').length, 3)
})

test('R-CLI-9 a file goes up and comes down as it was', async () => {
  const { number } = await create()
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256))
  const path = join(folder, 'Prüfbericht "A".bin')
  writeFileSync(path, bytes)
  const added = await docket('attachment', 'add', number, '--file', path, '--json')
  assert.equal(added.code, 0, added.err)
  const { id } = JSON.parse(added.out)
  const got = await spawnDocket(['attachment', 'get', number, id], as(planner))
  assert.deepEqual([got.code, got.err], [0, ''])
  assert.ok(got.out.equals(bytes))
})

test('R-CLI-10 the host makes a key for anybody, and the demo prints its keys', async () => {
  const made = await spawnDocket(
    ['key', 'create', '--tenant', 'acme-bio', '--principal', 'Lee Lab'],
    onHost(),
  )
  assert.equal(made.code, 0, made.err)
  const me = (key: string) => send(`${fixture.url}/v1/me`, key, 'GET')
  const key = made.out.toString()
  assert.match(key, /^dk_\w+\n$/)
  assert.equal((await me(key.trim())).body.name, 'Lee Lab')
  const nobody = await run(['key', 'create', '--tenant', 'acme-bio', '--principal', 'Nobody'], onHost())
  assert.deepEqual(
    [nobody.code, nobody.out, nobody.err],
    [1, '', 'there is no active principal "Nobody" in acme-bio\n'],
  )

  const demo = await spawnDocket(['demo', 'load', '--json'], onHost())
  assert.equal(demo.code, 0, demo.err)
  const { tenants } = JSON.parse(demo.out.toString())
  assert.deepEqual(Object.keys(tenants), Object.keys(fixture.keys))
  for (const [slug, keys] of Object.entries(fixture.keys)) {
    assert.deepEqual(Object.keys(tenants[slug]), Object.keys(keys))
    for (const [name, one] of Object.entries<string>(tenants[slug])) assert.match(one, /^dk_\w+$/, name)
  }
  assert.equal((await me(tenants.superportia['夏哥'])).body.name, '夏哥')
  const fleet = table`
    name
    Mac App 小克
    Mac CLI 小克
    Mac App 小A
    Mac CLI 小A
    Win App 小克
    Win CLI 小克
    Win App 小A
    Win CLI 小A
    Web 小克
    小西
    夏哥
    system:cron
    system:webhook
    system:captain-proxy
  `
  for (const { name = '' } of fleet) assert.ok(name in tenants.superportia, name)
})

test('R-CLI-11 a tenant is founded on the host, and its first key opens it', async () => {
  const founded = await run(
    ['tenant', 'create', 'new-lab', '--name', 'New Lab', '--lifecycle', 'qms'],
    onHost(),
  )
  assert.deepEqual([founded.code, founded.out], [0, 'founded new-lab\n'])
  const made = await run(['key', 'create', '--tenant', 'new-lab', '--principal', 'system:operator'], onHost())
  const { body } = await send(`${fixture.url}/v1/me`, made.out.trim(), 'GET')
  assert.deepEqual([body.tenant.slug, body.tenant.default_lifecycle], ['new-lab', 'qms'])
})
