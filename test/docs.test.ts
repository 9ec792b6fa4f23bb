/** The documents hold together: links lead somewhere, commands exist, each dependency is accounted for. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import packageJson from '../package.json' with { type: 'json' }

const pages = [...globSync('*.md'), ...globSync('docs/**/*.md'), ...globSync('data/**/*.md')].toSorted()
const read = (path: string): string => readFileSync(path, 'utf8')

test('R-DOC-4 every link of the documents leads to a file that is there', () => {
  assert.ok(pages.length > 30, `only ${pages.length} pages`)
  const broken = pages.flatMap((path) =>
    [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(path), target)))
      .map((target) => `${path} → ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('R-DOC-4 every npm script that the documents name exists', () => {
  const scripts: { readonly [name: string]: string } = packageJson.scripts
  const unknown = pages.flatMap((path) =>
    [...read(path).matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => scripts[name] === undefined)
      .map((name) => `${path}: npm run ${name}`),
  )
  assert.deepEqual(unknown, [])
})

test('R-DOC-4 every decision is listed', () => {
  const list = read('docs/decisions/README.md')
  const missing = globSync('docs/decisions/*.md')
    .map((path) => path.split('/').at(-1) ?? '')
    .filter((name) => name !== 'README.md' && !list.includes(`(${name})`))
  assert.deepEqual(missing, [])
})

test('R-DOC-5 each dependency has its line of why, with the licence that it really has', () => {
  const rows = [...read('docs/decisions/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^|]+) \| .+ \|$/gm)]
  const named = new Map(rows.map(([, name = '', licence = '']) => [name, licence]))
  const used = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.devDependencies)]
  assert.deepEqual([...named.keys()].toSorted(), used.toSorted())
  for (const [name, licence] of named) {
    const installed = JSON.parse(read(`node_modules/${name}/package.json`)) as { license?: string }
    assert.equal(licence, installed.license, name)
  }
})
