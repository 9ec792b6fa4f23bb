/**
 * `npm run compliance`: writes docs/compliance/part-11.md, clause → behaviour → requirements → tests. With
 * `--check` it writes nothing, and fails when the page is not what would be written, when a clause that must be
 * tested is not, and when a requirement names a clause that there is not. A test does the same.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { part11 } from './part-11.ts'
import type { Clause, Section } from './part-11.ts'
import { parseRequirements, readTitles } from './trace.ts'
import type { Requirement, Title } from './trace.ts'

export const pagePath = new URL('../docs/compliance/part-11.md', import.meta.url)

export type Traced = { readonly requirements: readonly Requirement[]; readonly titles: readonly Title[] }

export const readTraced = (): Traced => ({
  requirements: parseRequirements(readFileSync(new URL('../docs/requirements.md', import.meta.url), 'utf8')),
  titles: readTitles(),
})

const clausesOf = (requirement: Requirement): string[] =>
  requirement.clause
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')

/** `11.200(a)(1)` serves 11.200(a); a section that is named as a whole serves none of its clauses by name. */
const serves = (named: string, clause: string): boolean => named === clause || named.startsWith(`${clause}(`)

const findServing = (clause: string, { requirements }: Traced): Requirement[] =>
  requirements.filter((requirement) => clausesOf(requirement).some((named) => serves(named, clause)))

const findTitles = (id: string, { titles }: Traced): Title[] =>
  titles.filter(({ title }) => title.startsWith(`${id} `))

/** Clauses for which no requirement with a test stands. */
export const findOpen = (sections: readonly Section[], traced: Traced): Clause[] =>
  sections
    .flatMap(({ clauses }) => clauses)
    .filter(
      ({ id }) =>
        !findServing(id, traced).some((requirement) => findTitles(requirement.id, traced).length > 0),
    )

/** What must not be committed, as sentences. */
export function findGaps(sections: readonly Section[], traced: Traced): string[] {
  const known = sections.flatMap(({ id, clauses }) => [id, ...clauses.map((clause) => clause.id)])
  const isKnown = (named: string): boolean =>
    known.some((id) => named === id || (id.includes('(') && serves(named, id)))
  return [
    ...findOpen(sections, traced)
      .filter(({ tested }) => tested)
      .map(({ id }) => `${id} must be tested, and no requirement with a test names it`),
    ...traced.requirements.flatMap((requirement) =>
      clausesOf(requirement)
        .filter((named) => !isKnown(named))
        .map((named) => `${requirement.id} names the clause ${named}, which is not in tools/part-11.ts`),
    ),
  ]
}

const head = `# 21 CFR Part 11, clause by clause

Written by \`npm run compliance\` from \`tools/part-11.ts\`, [the requirements](../requirements.md) and the titles of the tests. What a clause asks for is said in our words; the rule itself is what counts. A program does not make a
company compliant: what stays with the company is said at each clause.
`

export function drawPage(sections: readonly Section[], traced: Traced): string {
  const open = findOpen(sections, traced)
  const clauses = sections.flatMap((section) => section.clauses)
  const tested = clauses.length - open.length
  const sum = `${clauses.length} clauses: ${tested} shown by tests, ${open.length} not${
    open.length === 0 ? '' : ` (${open.map(({ id }) => id).join(', ')})`
  }.`
  return [head, sum, ...sections.map((section) => drawSection(section, traced))].join('\n')
}

function drawSection(section: Section, traced: Traced): string {
  const whole = traced.requirements.filter(
    (requirement) =>
      clausesOf(requirement).includes(section.id) && section.clauses.every(({ id }) => id !== section.id),
  )
  const asWhole =
    whole.length === 0 ? '' : `\nFor the section as a whole: ${whole.map(({ id }) => id).join(', ')}.\n`
  const clauses = section.clauses.map((clause) => drawClause(clause, traced))
  return `\n## ${section.id} ${section.title}\n${asWhole}\n${clauses.join('\n')}`
}

function drawClause(clause: Clause, traced: Traced): string {
  const shown = findServing(clause.id, traced).map((requirement) => {
    const titles = findTitles(requirement.id, traced)
    const tests = titles.map(
      ({ path, title }) => `  - ${escape(title.slice(requirement.id.length + 1))} (\`${path}\`)\n`,
    )
    return `- **${requirement.id}** ${escape(requirement.says)}\n${tests.join('')}`
  })
  return [
    `### ${clause.id}\n`,
    `${clause.asks}\n`,
    `**Docket.** ${clause.docket}\n`,
    ...(clause.company === undefined ? [] : [`**The company.** ${clause.company}\n`]),
    ...(shown.length > 0
      ? [shown.join('')]
      : [clause.tested ? '**Open:** no test shows it.\n' : 'No test: this is not shown by a program.\n']),
  ].join('\n')
}

/** Titles are text: nothing in them is markup. */
const escape = (text: string): string => text.replaceAll(/[\\`*_[\]<>$]/g, String.raw`\$&`)

if (import.meta.main) {
  const traced = readTraced()
  const page = drawPage(part11, traced)
  const gaps = findGaps(part11, traced)
  if (process.argv.includes('--check')) {
    if (readFileSync(pagePath, 'utf8') !== page)
      gaps.push('docs/compliance/part-11.md is not what would be written: run "npm run compliance"')
  } else {
    mkdirSync(new URL('.', pagePath), { recursive: true })
    writeFileSync(pagePath, page)
    process.stdout.write(`docs/compliance/part-11.md is written\n`)
  }
  if (gaps.length > 0) {
    process.stderr.write(`${gaps.join('\n')}\n`)
    process.exitCode = 1
  }
}
