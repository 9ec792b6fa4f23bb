/** The committed pages of docs/reference are what the code says today. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { refusals } from '#domain/problem.ts'
import { operations } from '#capabilities/index.ts'
import { settings } from '#platform/config.ts'
import { pages } from '../tools/reference-pages.ts'
import { assertSameText } from './same-text.ts'

const folder = new URL('../docs/reference/', import.meta.url)

const rowsOf = (name: string): string[] => (pages[name]?.() ?? '').match(/^\| `\w[^`]*` \|/gm) ?? []

for (const [name, write] of Object.entries(pages)) {
  test(`R-DOC-2 docs/reference/${name} is what the code says`, () => {
    assertSameText(write(), readFileSync(new URL(name, folder), 'utf8'), 'run "npm run reference"')
  })
}

test('R-DOC-2 the reference leaves out no setting, operation or refusal, and has no page without a writer', () => {
  assert.deepEqual(readdirSync(folder).toSorted(), Object.keys(pages).toSorted())
  assert.equal(rowsOf('config.md').length, Object.keys(settings).length)
  assert.equal(rowsOf('refusals.md').length, Object.keys(refusals).length)
  assert.equal(rowsOf('permissions.md').length, operations.length)
})
