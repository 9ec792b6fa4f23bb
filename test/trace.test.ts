/** The matrix finds what it is there to find. `npm run trace` runs it over the real tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawMatrix, findGaps, parseRequirements, parseTitles, readTitles } from '../tools/trace.ts'

const page = `
| id | requirement | source | clause |
|---|---|---|---|
| R-AAA-1 | a record has its entry | seed 000 §2.1 | 11.10(e) |
| R-AAA-2 | nobody changes it | domain §5 | |
`
const tests = `
{test}('R-AAA-1 it does', () => {})
{test}(
  "R-AAA-9 it doesn't",
  () => {},
)
for (const name of names) {
  {test}(\`R-AAA-1 for \${name}\`, async (t) => {
    await t.{test}('a subtest', () => {})
  })
}
{test}('without a number', () => {})
`.replaceAll('{test}', 'test')

test('R-DOC-1 a requirement without a test and a test without a requirement are found', () => {
  const requirements = parseRequirements(page)
  const titles = parseTitles('a.test.ts', tests)
  assert.deepEqual(
    requirements.map(({ id, source, clause }) => [id, source, clause]),
    [
      ['R-AAA-1', 'seed 000 §2.1', '11.10(e)'],
      ['R-AAA-2', 'domain §5', ''],
    ],
  )
  assert.equal(titles.length, 4)
  assert.deepEqual(findGaps(requirements, titles), [
    'R-AAA-2 is named by no test',
    `a.test.ts: "R-AAA-9 it doesn't" names no requirement of docs/requirements.md`,
    'a.test.ts: "without a number" names no requirement of docs/requirements.md',
  ])
  assert.deepEqual(findGaps([...requirements, ...requirements].slice(0, 3), titles.slice(0, 1)), [
    'R-AAA-1 stands twice in docs/requirements.md',
    'R-AAA-2 is named by no test',
  ])
  assert.match(
    drawMatrix(requirements, titles),
    /^R-AAA-1 a record has its entry\n {2}seed: seed 000 §2\.1 · clause: 11\.10\(e\)\n/,
  )
})

test('R-DOC-1 a title that begins with a value stands for the requirements that its table names', () => {
  const text = `for (const [id, what] of [['R-AAA-1', 'a'], ['R-AAA-2', 'b'], ['R-AAA-1', 'c']])\n  {test}(\`\${id} \${what} holds\`)`
  const titles = parseTitles('a.test.ts', text.replaceAll('{test}', 'test'))
  assert.deepEqual(
    titles.map(({ title }) => title),
    ['R-AAA-1 ${what} holds', 'R-AAA-2 ${what} holds'],
  )
})

test('R-DOC-1 the titles of this project are found', () => {
  const titles = readTitles()
  assert.ok(titles.length > 50, `only ${titles.length}`)
  assert.ok(titles.some(({ path }) => path.startsWith('src/')))
})
