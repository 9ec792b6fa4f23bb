/**
 * What others have built on: the OpenAPI document, the tools of each kind of caller, the help of the command
 * line. A change of any of them shows in a review. `UPDATE_SNAPSHOTS=1 npm run test:all` writes them anew.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Actor, GrantedRole, PrincipalKind } from '#domain/principal.ts'
import { listTools, offeredTools } from '#edges/mcp.ts'
import { buildOpenApi } from '#edges/openapi.ts'
import { listHelp } from '../tools/cli-help.ts'
import { assertSameText } from './same-text.ts'

function assertSnapshot(name: string, text: string): void {
  const path = new URL(`snapshots/${name}`, import.meta.url)
  if (process.env['UPDATE_SNAPSHOTS'] === '1') writeFileSync(path, text)
  const committed = existsSync(path) ? readFileSync(path, 'utf8') : ''
  assertSameText(
    text,
    committed,
    `${name} changed: UPDATE_SNAPSHOTS=1 writes it, a CHANGELOG entry tells others`,
  )
}
const toText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const actorOf = (kind: PrincipalKind, roles: readonly GrantedRole[]): Actor => ({
  id: '00000000-0000-7000-8000-000000000001',
  tenantId: '00000000-0000-7000-8000-000000000002',
  kind,
  name: 'somebody',
  grants: roles.map((role) => ({ role, asset_id: null })),
  sponsorId: null,
  client: 'mcp',
})
const callers: { readonly [who: string]: Actor } = {
  'human without a role': actorOf('human', []),
  'human, operator': actorOf('human', ['operator']),
  'human, assigner': actorOf('human', ['assigner']),
  'human, captain': actorOf('human', ['captain']),
  'human, admin': actorOf('human', ['admin']),
  'human, auditor': actorOf('human', ['auditor']),
  'agent, operator': actorOf('agent', ['operator']),
  'agent, captain': actorOf('agent', ['captain']),
  vendor: actorOf('vendor', ['vendor']),
  'system, operator': actorOf('system', ['operator']),
}

test('R-CON-1 the OpenAPI document is the one that was agreed', () => {
  assertSnapshot('openapi.json', toText(buildOpenApi()))
})

test('R-CON-2 each kind of caller is offered the tools that were agreed, and no tool that it may never use', () => {
  const every = new Map(
    Object.values(callers).flatMap((actor) => listTools(actor).map((tool) => [tool.name, tool])),
  )
  assert.equal(every.size, offeredTools.length)
  const names = Object.entries(callers).map(([who, actor]) => [
    who,
    listTools(actor).map((tool) => tool.name),
  ])
  assertSnapshot('mcp-tools.json', toText({ tools: [...every.values()], callers: Object.fromEntries(names) }))
})

test('R-CON-3 the commands and their help are the ones that were agreed', () => {
  const help = listHelp()
  assert.ok(help.length > 45)
  assertSnapshot(
    'cli-help.txt',
    help.map(({ name, text }) => `===== ${name}\n\n${text.trimEnd()}\n\n`).join(''),
  )
})
