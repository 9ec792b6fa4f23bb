/**
 * `npm run trace`: prints requirement → seed section → clause → tests, and fails on a requirement that no
 * test names, on a test that names an unknown requirement or none, and on an id that stands twice.
 */
import { globSync, readFileSync } from 'node:fs'

export type Requirement = {
  readonly id: string
  readonly says: string
  readonly source: string
  readonly clause: string
}
export type Title = { readonly path: string; readonly title: string }

/** The rows of the tables in docs/requirements.md. */
export function parseRequirements(text: string): Requirement[] {
  return [...text.matchAll(/^\|\s*(R-[A-Z]+-\d+)\s*\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)].map((match) => {
    const [, id = '', says = '', source = '', clause = ''] = match.map((cell) => cell.trim())
    return { id, says, source, clause }
  })
}

/**
 * Titles of the tests of a file; subtests belong to the test that holds them. A title that begins with a value
 * stands for every requirement that the file names by itself, as in a table of cases; a title that is a value is
 * each key of a table that begins with a requirement.
 */
export function parseTitles(path: string, text: string): Title[] {
  const named = [...new Set([...text.matchAll(/['"](R-[A-Z]+-\d+)['"]/g)].map((match) => match[1] ?? ''))]
  const keys = /^\s*(?:await )?(?:test|it)\(title,/m.test(text)
    ? [...text.matchAll(/^\s*'(R-[A-Z]+-\d+ (?:\\.|[^'])*)': /gm)].map((match) => ({
        path,
        title: match[1] ?? '',
      }))
    : []
  const titles = [
    ...text.matchAll(/^\s*(?:await )?(?:test|it)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm),
  ].flatMap(([, , title = '']) => {
    const value = /^\$\{\w+\}/.exec(title)?.[0]
    if (value === undefined || named.length === 0) return [{ path, title }]
    return named.map((id) => ({ path, title: id + title.slice(value.length) }))
  })
  return [...titles, ...keys]
}

const idOf = (title: string): string => /^R-[A-Z]+-\d+(?= )/.exec(title)?.[0] ?? ''

export function findGaps(requirements: readonly Requirement[], titles: readonly Title[]): string[] {
  const known = new Set(requirements.map(({ id }) => id))
  const tested = new Set(titles.map(({ title }) => idOf(title)))
  return [
    ...requirements
      .filter(({ id }, i) => requirements.findIndex((other) => other.id === id) !== i)
      .map(({ id }) => `${id} stands twice in docs/requirements.md`),
    ...requirements.filter(({ id }) => !tested.has(id)).map(({ id }) => `${id} is named by no test`),
    ...titles
      .filter(({ title }) => !known.has(idOf(title)))
      .map(({ path, title }) => `${path}: "${title}" names no requirement of docs/requirements.md`),
  ]
}

const idOrder = (id: string): string => id.replace(/\d+$/, (digits) => digits.padStart(4, '0'))

export function drawMatrix(requirements: readonly Requirement[], titles: readonly Title[]): string {
  return requirements
    .toSorted((a, b) => (idOrder(a.id) < idOrder(b.id) ? -1 : 1))
    .map(({ id, says, source, clause }) => {
      const tests = titles
        .filter(({ title }) => idOf(title) === id)
        .map(({ path, title }) => `    ${path}: ${title.slice(id.length + 1)}\n`)
      return `${id} ${says}\n  seed: ${source || '—'} · clause: ${clause || '—'}\n${tests.join('')}`
    })
    .join('')
}

export function readTitles(): Title[] {
  const paths = globSync('{src,test,verify,web}/**/*.test.ts', { exclude: ['**/node_modules/**'] })
  return paths.toSorted().flatMap((path) => parseTitles(path, readFileSync(path, 'utf8')))
}

if (import.meta.main) {
  const requirements = parseRequirements(readFileSync('docs/requirements.md', 'utf8'))
  const titles = readTitles()
  process.stdout.write(drawMatrix(requirements, titles))
  const gaps = findGaps(requirements, titles)
  if (requirements.length === 0 || titles.length === 0) gaps.push('there is nothing to trace')
  process.stdout.write(`\n${requirements.length} requirements, ${titles.length} tests\n`)
  if (gaps.length > 0) {
    process.stderr.write(`${gaps.join('\n')}\n`)
    process.exitCode = 1
  }
}
