/** The map of Part 11 finds what it is there to find, and the committed page is the one that would be written. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { drawPage, findGaps, findOpen, pagePath, readTraced } from '../tools/compliance.ts'
import type { Traced } from '../tools/compliance.ts'
import { part11 } from '../tools/part-11.ts'
import type { Clause, Section } from '../tools/part-11.ts'
import { assertSameText } from './same-text.ts'

const clause = (id: string, tested: boolean): Clause => ({ id, asks: `asks ${id}`, docket: 'does', tested })
const sections: Section[] = [
  {
    id: '11.1',
    title: 'One',
    clauses: [clause('11.1(a)', true), clause('11.1(b)', true), clause('11.1(c)', false)],
  },
  { id: '11.2', title: 'Two', clauses: [clause('11.2', true)] },
]
const requirement = (id: string, named: string) => ({ id, says: `says *${id}*`, source: '', clause: named })
const traced: Traced = {
  requirements: [
    requirement('R-AAA-1', '11.1(a)(2), 11.2'),
    requirement('R-AAA-2', '11.1(b)'),
    requirement('R-AAA-3', '11.1'),
    requirement('R-AAA-4', ''),
    requirement('R-AAA-10', '11.3, 11.1(ab)'),
  ],
  titles: [
    { path: 'a.test.ts', title: 'R-AAA-1 it does' },
    { path: 'b.test.ts', title: 'R-AAA-10 something else' },
  ],
}

test('R-CMP-1 a clause without a requirement that has a test is open, and fails where it must be tested', () => {
  assert.deepEqual(
    findOpen(sections, traced).map(({ id }) => id),
    ['11.1(b)', '11.1(c)'],
  )
  assert.deepEqual(findGaps(sections, traced), [
    '11.1(b) must be tested, and no requirement with a test names it',
    'R-AAA-10 names the clause 11.3, which is not in tools/part-11.ts',
    'R-AAA-10 names the clause 11.1(ab), which is not in tools/part-11.ts',
  ])
})

test('R-CMP-1 the page says of each clause what shows it, and that nothing does', () => {
  const page = drawPage(sections, traced)
  assert.match(page, /4 clauses: 2 shown by tests, 2 not \(11\.1\(b\), 11\.1\(c\)\)\./)
  assert.match(page, /## 11\.1 One\n\nFor the section as a whole: R-AAA-3\.\n/)
  assert.match(
    page,
    /### 11\.1\(a\)\n\nasks 11\.1\(a\)\n\n\*\*Docket\.\*\* does\n\n- \*\*R-AAA-1\*\* says \\\*R-AAA-1\\\*\n {2}- it does \(`a\.test\.ts`\)/,
  )
  assert.match(page, /### 11\.1\(b\)[^#]*- \*\*R-AAA-2\*\*/)
  assert.match(page, /### 11\.1\(c\)[^#]*No test: this is not shown by a program\./)
  assert.match(
    drawPage(sections, { ...traced, requirements: [] }),
    /### 11\.2[^#]*\*\*Open:\*\* no test shows it\./,
  )
})

const letters = (section: string, last: string) =>
  Array.from({ length: last.charCodeAt(0) - 96 }, (_, i) => `${section}(${String.fromCharCode(97 + i)})`)

test('R-CMP-2 every clause of subparts B and C is there once, and what must be tested is', () => {
  assert.deepEqual(
    part11.flatMap(({ clauses }) => clauses.map(({ id }) => id)),
    [
      ...letters('11.10', 'k'),
      '11.30',
      ...letters('11.50', 'b'),
      '11.70',
      ...letters('11.100', 'c'),
      ...letters('11.200', 'b'),
      ...letters('11.300', 'e'),
    ],
  )
  // What no test shows says what the company does about it, or that it does not arise.
  for (const { id, tested, company } of part11.flatMap(({ clauses }) => clauses))
    if (!tested && id !== '11.200(b)') assert.ok(company !== undefined, id)
  assert.deepEqual(findGaps(part11, readTraced()), [])
})

test('R-CMP-2 the committed page is what would be written', () => {
  assertSameText(drawPage(part11, readTraced()), readFileSync(pagePath, 'utf8'), 'run "npm run compliance"')
})
