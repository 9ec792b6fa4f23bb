/**
 * A whole service for a test file: a database of its own, copied from a template that holds the demo tenants,
 * on one real PostgreSQL that all test processes share; and the HTTP door on a free port.
 */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { shippedTemplates } from '#capabilities/template/shipped.ts'
import { loadDemo } from '#capabilities/tenant/demo.ts'
import type { Demo, DemoKeys } from '#capabilities/tenant/demo.ts'
import { buildHttp } from '#edges/http.ts'
import { openService } from '#edges/open-service.ts'
import type { OpenService } from '#edges/open-service.ts'
import { readConfig } from '#platform/config.ts'
import { urlAs, withClient } from '#platform/database.ts'
import { openEmbedded } from '#platform/embedded.ts'
import { listMigrations } from '#platform/migrate.ts'
import { prepare, toInstallation } from '#platform/setup.ts'
import type { Installation } from '#platform/setup.ts'

const folder = join(tmpdir(), `docket-test-${userInfo().uid}`)
export const testSecret = 'a secret that only the tests know, 32+'

/** What a reply holds is not known to the compiler: a test says what it expects. */
export type Json = ReturnType<typeof JSON.parse>
export type Reply = {
  readonly status: number
  readonly body: Json
  readonly headers: Headers
  readonly text: string
}
export type Fixture = {
  readonly service: OpenService
  readonly app: FastifyInstance
  readonly url: string
  readonly keys: DemoKeys
  /** Superuser of this file's database, for damage that no role at run time could do. */
  readonly adminUrl: string
  /** A demo principal's key; the tenant is found by the name. */
  keyOf(principal: string): string
  /** A demo person's password. */
  passwordOf(person: string): string
  call(
    principal: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>
  close(): Promise<void>
}

export async function openFixture(): Promise<Fixture> {
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  const server = await openEmbedded(folder)
  const { template, demo } = await ensureTemplate(server.adminUrl())
  const database = `t_${randomBytes(8).toString('hex')}`
  await withClient(server.adminUrl(), (client) =>
    client.query(`create database ${database} template ${template}`),
  )
  const adminUrl = (): string =>
    urlAs(server.adminUrl(), 'postgres', new URL(server.adminUrl()).password, database)
  const installation: Installation = toInstallation(adminUrl, testSecret, server)
  // Uploads are staged here: another file's must not be seen among this one's.
  const data = join(folder, database)
  const config = readConfig({ DOCKET_DATA: data, LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'fatal' })
  const service = await openService(config, `test-${database}`, {
    connections: 8,
    installed: installation,
  })
  const app = await buildHttp(service)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const keys = demo.tenants
  const keyOf = (principal: string): string => find(keys, principal)
  return {
    service,
    app,
    url,
    keys,
    adminUrl: adminUrl(),
    keyOf,
    passwordOf: (person) => find(demo.passwords, person),
    call: (principal, method, path, body, headers) =>
      send(`${url}${path}`, principal === undefined ? undefined : keyOf(principal), method, body, headers),
    async close() {
      await app.close()
      await withClient(server.adminUrl(), (client) => client.query(`drop database ${database} with (force)`))
      await service.close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** The answer of a call that must go well. */
export async function must(reply: Promise<Reply>, status = 200): Promise<Json> {
  const { status: given, body, text } = await reply
  assert.equal(given, status, text)
  return body
}

function find(among: DemoKeys, principal: string): string {
  const found = Object.values(among).flatMap((ofTenant) => ofTenant[principal] ?? [])[0]
  if (found === undefined) throw new Error(`the demo has no ${principal}`)
  return found
}

/** One HTTP call; the body is JSON both ways. */
export async function send(
  url: string,
  key: string | undefined,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    body: isJson ? JSON.parse(text) : undefined,
    headers: response.headers,
    text,
  }
}

/** Made once for this schema and these demo data, whoever comes first; the keys stand in a file beside the server. */
async function ensureTemplate(adminUrl: string): Promise<{ template: string; demo: Demo }> {
  const demo = readFileSync(new URL('../src/capabilities/tenant/demo.ts', import.meta.url))
  const shipped = shippedTemplates.map((name) =>
    readFileSync(new URL(`../templates/${name}.json`, import.meta.url), 'utf8'),
  )
  const hash = createHash('sha256')
    .update(JSON.stringify(listMigrations()))
    .update(demo)
    .update(readFileSync(new URL('../src/capabilities/person/demo.ts', import.meta.url)))
    .update(shipped.join())
    .digest('hex')
    .slice(0, 12)
  const template = `template_${hash}`
  const path = join(folder, `${template}.json`)
  await withClient(adminUrl, async (client) => {
    await client.query(`select pg_advisory_lock(hashtext('docket.test.template'))`)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount === 1 && existsSync(path)) return
    await client.query(`drop database if exists ${template} with (force)`)
    await client.query(`create database ${template}`)
    const url = urlAs(adminUrl, 'postgres', new URL(adminUrl).password, template)
    await prepare(url)
    const service = await openService(readConfig({ DOCKET_DATA: folder, LOG_LEVEL: 'fatal' }), 'template', {
      connections: 2,
      installed: toInstallation(() => url, testSecret),
    })
    const loaded = await loadDemo(service.floor)
    await service.close()
    writeFileSync(`${path}.part`, JSON.stringify(loaded), { mode: 0o600 })
    renameSync(`${path}.part`, path)
  })
  return { template, demo: JSON.parse(readFileSync(path, 'utf8')) as Demo }
}
