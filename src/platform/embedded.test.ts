/**
 * The embedded database against the real server: started, shared and killed. Every test has a folder of its
 * own and ends only processes that it started.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { openFolder } from '#platform/embedded-folder.ts'
import { withLock } from '#platform/embedded-lock.ts'
import {
  ask,
  assertRefused,
  childLocks,
  end,
  isRoot,
  readLine,
  readPid,
  until,
  usePlace,
} from '#platform/embedded-place.ts'
import { isPostmaster } from '#platform/embedded-process.ts'
import { trimLog } from '#platform/embedded-server.ts'

const identifier = 'select system_identifier::text from pg_control_system()'

test('R-DB-10 a fresh folder gets a durable, password-guarded server on 127.0.0.1 only', async (t) => {
  const place = usePlace(t)
  const url = (await place.open()).adminUrl()
  assert.match(url, /^postgres:\/\/postgres:[\w-]{32}@127\.0\.0\.1:\d+\/postgres$/)
  const wanted = {
    server_encoding: 'UTF8',
    data_checksums: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    max_connections: '200',
  }
  for (const [name, value] of Object.entries(wanted)) {
    assert.equal(await ask(url, `select current_setting('${name}')`), value, name)
  }
  assert.match(String(await ask(url, 'show server_version')), /^18\./)
  await assert.rejects(ask(url.replace(/postgres:[\w-]+@/, 'postgres:guess@'), 'select 1'), { code: '28P01' })
  assert.equal(statSync(join(place.dir, 'postgres-password')).mode & 0o777, 0o600)
})

test('R-DB-10 the log of the server stays bounded while it writes', async (t) => {
  const place = usePlace(t)
  const server = await place.open()
  const log = join(place.dir, 'postgres.log')
  appendFileSync(log, Buffer.alloc(9 * 1024 * 1024, 'x'))
  await trimLog(await openFolder(place.dir))
  await assert.rejects(ask(server.adminUrl(), 'select nonsense'))
  const text = readFileSync(log, 'utf8')
  assert.ok(text.length < 10_000)
  assert.match(text, /nonsense/)
  assert.ok(statSync(`${log}.1`).size > 9 * 1024 * 1024)
})

test('R-DB-11 processes share one server and the last one to release stops it', async (t) => {
  const place = usePlace(t)
  const child = place.startChild()
  const url = await readLine(child)
  const server = await place.open()
  assert.equal(server.adminUrl(), url)
  const pid = readPid(place.data)
  await end(child, 'release')
  assert.equal(await ask(server.adminUrl(), 'select 1'), 1)
  await Promise.all([server.release(), server.release()])
  assert.equal(isPostmaster(pid, place.data), false)
  await assert.rejects(server.ensureRunning(), /already released/)

  const again = await place.open()
  const log = readFileSync(join(place.dir, 'postgres.log'), 'utf8')
  assert.doesNotMatch(log, /not properly shut down/)
  assert.equal(await ask(again.adminUrl(), 'select 2'), 2)
})

test('R-DB-12 a killed server comes back with every committed row, even while a backend lingers', async (t) => {
  const place = usePlace(t)
  const server = await place.open()
  await ask(server.adminUrl(), 'create table kept as select 42 as answer')
  const session = new Client({ connectionString: server.adminUrl() })
  session.on('error', () => undefined)
  await session.connect()
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid')
  const backend = rows[0]?.pid ?? 0
  process.kill(backend, 'SIGSTOP')
  process.kill(readPid(place.data), 'SIGKILL')
  await until('the server is gone', () => !isPostmaster(readPid(place.data), place.data))

  const recovered = Promise.all([server.ensureRunning(), server.ensureRunning(), place.open()])
  const log = join(place.dir, 'postgres.log')
  await until('the lingering backend is noticed', () =>
    readFileSync(log, 'utf8').includes('pre-existing shared'),
  )
  process.kill(backend, 'SIGCONT')
  await recovered
  assert.equal(await ask(server.adminUrl(), 'select answer from kept'), 42)
  assert.match(readFileSync(log, 'utf8'), /not properly shut down/)
  await session.end().catch(() => undefined)
})

test('R-DB-12 a server that is killed while it starts is started again, and not called damaged', async (t) => {
  const place = usePlace(t)
  const server = await place.open()
  await ask(server.adminUrl(), 'create table kept as select 42 as answer')
  const old = readPid(place.data)
  process.kill(old, 'SIGKILL')
  await until('the server is gone', () => !isPostmaster(old, place.data))
  const recovered = server.ensureRunning()
  const next = () => (existsSync(join(place.data, 'postmaster.pid')) ? readPid(place.data) : 0)
  await until('the next one starts', () => next() !== old && isPostmaster(next(), place.data))
  const starting = next()
  if (isPostmaster(starting, place.data)) process.kill(starting, 'SIGKILL')
  await recovered
  await until('it is gone too', () => !isPostmaster(starting, place.data))
  await server.ensureRunning()
  assert.equal(await ask(server.adminUrl(), 'select answer from kept'), 42)
})

test('R-DB-13 a killed process leaves the server up and the next one takes it over at once', async (t) => {
  const place = usePlace(t)
  const child = place.startChild()
  const url = await readLine(child)
  const pid = readPid(place.data)
  // The whole process group, as a terminal's Ctrl-C or a supervisor does: the server is in none of ours.
  const exit = once(child, 'exit')
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await exit
  const begun = performance.now()
  const server = await place.open()
  assert.ok(performance.now() - begun < 1000)
  assert.equal(server.adminUrl(), url)
  assert.equal(readPid(place.data), pid)
  await server.release()
  assert.equal(isPostmaster(pid, place.data), false, 'the killed process does not count as a user')
})

test('R-DB-14 three processes on a fresh folder get one server, made once', async (t) => {
  const place = usePlace(t)
  const children = [place.startChild(), place.startChild(), place.startChild()]
  const urls = await Promise.all(children.map(readLine))
  assert.equal(new Set(urls).size, 1)
  const ids = await Promise.all(urls.map((url) => ask(url, identifier)))
  assert.equal(new Set(ids).size, 1)
  const pid = readPid(place.data)
  await Promise.all(children.map((child) => end(child, 'release')))
  assert.equal(isPostmaster(pid, place.data), false)
  const log = readFileSync(join(place.dir, 'postgres.log'), 'utf8')
  assert.equal(log.match(/starting PostgreSQL/g)?.length, 1)
})

test('R-DB-15 a lock keeps others out while its holder lives and no longer', async (t) => {
  const place = usePlace(t)
  mkdirSync(join(place.dir, 'run'), { recursive: true })
  if (isRoot) chmodSync(place.dir, 0o711)
  const holder = place.startChild(childLocks)
  assert.equal(await readLine(holder), 'held')
  const lock = join(place.dir, 'run/lock')
  await assertRefused(
    () => withLock(lock, () => Promise.resolve(), 50),
    new RegExp(`Process ${holder.pid} has held`),
  )
  await end(holder, 'SIGKILL')
  assert.equal(await ask((await place.open()).adminUrl(), 'select 1'), 1)
})

test('R-DB-15 a stale postmaster.pid does not stop the start, even if its pid is somebody else now', async (t) => {
  const place = usePlace(t)
  const server = await place.open()
  process.kill(readPid(place.data), 'SIGKILL')
  await until('the server is gone', () => !isPostmaster(readPid(place.data), place.data))
  const { uid, gid } = statSync(place.data)
  const stranger = place.keep(spawn('sleep', ['60'], isRoot ? { uid, gid } : {}))
  const path = join(place.data, 'postmaster.pid')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(stranger.pid)))
  await server.ensureRunning()
  assert.equal(await ask(server.adminUrl(), 'select 1'), 1)
  assert.equal(stranger.exitCode, null)
})

test('R-DB-16 an initdb that was killed half-way leaves nothing in the way', async (t) => {
  const place = usePlace(t)
  const child = place.startChild()
  const findHalf = () =>
    (existsSync(place.dir) ? readdirSync(place.dir) : []).find((n) => n.includes('init-'))
  await until('initdb is at work', () => existsSync(join(place.dir, findHalf() ?? '?', 'data/global')))
  const initdb = Number(execFileSync('pgrep', ['-P', String(child.pid), 'initdb'], { encoding: 'utf8' }))
  await end(child, 'SIGKILL')
  process.kill(initdb, 'SIGKILL')
  assert.equal(existsSync(place.data), false)
  assert.equal(await ask((await place.open()).adminUrl(), 'select 1'), 1)
})
