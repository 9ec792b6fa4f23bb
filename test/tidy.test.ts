/** Rules about the source itself. Each rule is first shown a violation that it must find, then every file. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  findFormFaults,
  findImportFaults,
  findImpurity,
  findLengthFaults,
  findSql,
  listImports,
  mayHoldSql,
} from './house-rules.ts'

const all = (pattern: string): string[] =>
  globSync(pattern)
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
const isTest = (path: string): boolean => path.endsWith('.test.ts')
const source = all('src/**/*.ts').filter((path) => !isTest(path))
const everything = all('{src,test,tools,bench,verify,witness}/**/*.ts').filter(
  (path) => !path.endsWith('.d.ts'),
)

/** Runs a rule over the files; the message names every fault of every file at once. */
function assertNone(paths: readonly string[], rule: (path: string, text: string) => readonly string[]): void {
  const faults = paths.flatMap((path) =>
    rule(path, readFileSync(path, 'utf8')).map((fault) => `${path}: ${fault}`),
  )
  assert.deepEqual(faults, [])
}

test('R-TDY-1 the checks look at the whole source', () => {
  assert.ok(source.length > 70, `only ${source.length} files of src`)
  assert.ok(everything.length > 90, `only ${everything.length} files`)
  const imports = source.flatMap((path) => listImports(readFileSync(path, 'utf8')))
  assert.ok(imports.length > 350, `only ${imports.length} imports`)
  for (const layer of ['domain', 'platform', 'capabilities', 'edges'])
    assert.ok(source.filter((path) => path.startsWith(`src/${layer}/`)).length > 10, `nothing in ${layer}`)
  assert.ok(source.filter(mayHoldSql).length > 20)
})

test('R-TDY-2 imports go one way: domain, platform, capabilities, edges, main', () => {
  const planted: readonly (readonly [path: string, text: string, fault: string])[] = [
    [
      'src/domain/a.ts',
      `import { inTenant } from '#platform/tx.ts'`,
      'domain imports platform (#platform/tx.ts)',
    ],
    [
      'src/domain/a.ts',
      `import type { Tx } from '../platform/tx.ts'`,
      'domain imports platform (../platform/tx.ts)',
    ],
    ['src/domain/a.ts', `import { z } from 'zod'`, 'domain imports zod'],
    ['src/domain/a.ts', `import { randomBytes } from 'node:crypto'`, 'domain imports node:crypto'],
    [
      'src/domain/a.ts',
      `import {\n  createHash,\n  randomBytes,\n} from 'node:crypto'`,
      'domain imports node:crypto',
    ],
    ['src/domain/a.ts', `const fs = await import('node:fs')`, 'domain imports node:fs'],
    [
      'src/platform/a.ts',
      `import { operations } from '#capabilities/index.ts'`,
      'platform imports capabilities (#capabilities/index.ts)',
    ],
    [
      'src/capabilities/key/a.ts',
      `import '../../edges/http.ts'`,
      'capabilities imports edges (../../edges/http.ts)',
    ],
    [
      'src/edges/a.ts',
      `import { send } from '#adapters/nats.ts'`,
      'edges imports adapters (#adapters/nats.ts)',
    ],
    [
      'src/adapters/nats.ts',
      `import { run } from '#capabilities/key/operations.ts'`,
      'adapters imports capabilities (#capabilities/key/operations.ts)',
    ],
    ['src/edges/a.ts', `import { x } from '../main.ts'`, 'edges imports main (../main.ts)'],
    ['src/edges/a.ts', `import { openFixture } from '#test/fixture.ts'`, 'src imports test/fixture.ts'],
    [
      'src/edges/a.ts',
      `import { loadKey } from '#capabilities/key/store.ts'`,
      'edges imports a store (#capabilities/key/store.ts)',
    ],
    [
      'src/capabilities/me/a.ts',
      `import { loadKey } from '../key/store.ts'`,
      'a store of another capability (../key/store.ts)',
    ],
  ]
  for (const [path, text, fault] of planted) assert.deepEqual(findImportFaults(path, text), [fault])
  assert.deepEqual(findImportFaults('src/domain/a.ts', `import { createHash } from 'node:crypto'`), [])
  assert.deepEqual(findImportFaults('src/main.ts', `import { runCli } from '#edges/cli.ts'`), [])
  assertNone(source, findImportFaults)
})

test('R-TDY-2 the second verifier shares no code with the service', () => {
  assertNone(
    all('verify/**/*.ts').filter((path) => !isTest(path)),
    (_path, text) =>
      listImports(text).flatMap(({ specifier }) =>
        specifier.startsWith('node:') ? [] : [`imports ${specifier}`],
      ),
  )
})

test('R-TDY-3 the domain is pure: no clock, no chance, no world', () => {
  for (const text of [
    'Date.now()',
    'Temporal.Now.instant()',
    'new Date()',
    'Math.random()',
    'process.env',
    'await x',
    'async () => 1',
    'setTimeout(f)',
  ])
    assert.equal(findImpurity(`const x = ${text}`).length, 1, text)
  assert.deepEqual(findImpurity(`new Date(value) // not Date.now()\nconst says = 'await the captain'`), [])
  assertNone(
    source.filter((path) => path.startsWith('src/domain/')),
    (_path, text) => findImpurity(text),
  )
})

test('R-TDY-4 SQL stands in stores and in platform only', () => {
  const planted = [
    'const rows = await tx.rows`select 1`',
    'await pool.query(text)',
    'const text = `\n  select id\n    from work_orders`',
    `const text = 'delete from entries'`,
    'const text = `update work_orders set status = 1`',
  ]
  for (const text of planted) {
    assert.equal(findSql('src/capabilities/key/operations.ts', text).length, 1, text)
    assert.equal(findSql('src/edges/http.ts', text).length, 1, text)
    for (const path of [
      'src/capabilities/key/store.ts',
      'src/capabilities/work-order/list-store.ts',
      'src/platform/tx.ts',
    ])
      assert.deepEqual(findSql(path, text), [])
  }
  assert.deepEqual(
    findSql('src/edges/a.ts', `const says = 'select a lifecycle, then move on' // delete from entries`),
    [],
  )
  assertNone(source, findSql)
})

test('R-TDY-5 form: an opening comment, kebab-case, no barrels, no default exports, no enums, classes for errors only', () => {
  const opened = '/** What it is. */\n'
  const planted: readonly (readonly [path: string, text: string, fault: string])[] = [
    ['src/domain/a.ts', 'const x = 1', 'does not open with what it is'],
    ['src/domain/aB.ts', opened, 'file name is not kebab-case'],
    ['src/domain/a.ts', `${opened}export default 1`, 'default export'],
    ['src/domain/a.ts', `${opened}export * from './b.ts'`, 're-export (a barrel)'],
    ['src/domain/a.ts', `${opened}export { b } from './b.ts'`, 're-export (a barrel)'],
    ['src/domain/a.ts', `${opened}export const enum E { A }`, 'enum'],
    ['src/domain/a.ts', `${opened}namespace N {}`, 'namespace'],
    ['src/domain/a.ts', `${opened}@sealed\nclass X extends Error {}`, 'decorator'],
    ['src/domain/a.ts', `${opened}export class Engine {\n}`, 'class Engine extends nothing'],
    ['src/domain/a.ts', `${opened}class A extends B {\n}`, 'class A extends B'],
  ]
  for (const [path, text, fault] of planted) assert.deepEqual(findFormFaults(path, text), [fault])
  assert.deepEqual(findFormFaults('src/a.ts', `${opened}class A extends RangeError {\n}`), [])
  assertNone(everything, findFormFaults)
})

test('R-TDY-6 lengths: a file stops at 500 lines, a function at 70', () => {
  assert.equal(findLengthFaults('\n'.repeat(500)).length, 1)
  assert.equal(findLengthFaults('\n'.repeat(499)).length, 0)
  for (const head of [
    'function f() {',
    'const f = () => {',
    'export async function f(): Promise<void> {',
    '  run(tx) {',
  ]) {
    const indent = /^\s*/.exec(head)?.[0] ?? ''
    const long = [head, ...Array.from({ length: 69 }, () => `${indent}  x()`), `${indent}}`].join('\n')
    assert.equal(findLengthFaults(long).length, 1, head)
    assert.equal(findLengthFaults(long.replace(`\n${indent}  x()`, '')).length, 0, head)
  }
  assertNone(everything, (path, text) =>
    // A test tells its story in one go, and so does a benchmark: only their files have a stop.
    findLengthFaults(text).filter(
      (fault) => !(isTest(path) || path.startsWith('bench/')) || !fault.startsWith('a function'),
    ),
  )
})
