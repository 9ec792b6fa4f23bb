/**
 * The rules of the house as functions of a path and its text, so that a planted violation can be given to
 * them as a string. `tidy.test.ts` runs them over every file. What the compiler and the linter say already
 * is not said again here.
 */
import { dirname, join, normalize } from 'node:path/posix'

/** Which layer may import which. A file of `src` itself (`main.ts`) may import every one of them. */
const layers: { readonly [layer: string]: readonly string[] } = {
  domain: ['domain'],
  platform: ['domain', 'platform'],
  capabilities: ['domain', 'platform', 'capabilities'],
  adapters: ['domain', 'platform', 'adapters'],
  edges: ['domain', 'platform', 'capabilities', 'edges'],
  main: ['domain', 'platform', 'capabilities', 'adapters', 'edges'],
}

/** Packages that the domain may use: canonical JSON, calendars, and of node:crypto what gives the same for the same input. */
const domainPackages: { readonly [specifier: string]: RegExp } = {
  canonicalize: /./,
  'temporal-polyfill': /^import \{ Temporal \} from/,
  'node:crypto':
    /^import (?:type \{ KeyObject \}|\{\s*(?:(?:createHash|createPublicKey|hash|sign|verify|X509Certificate)\b,?\s*)+\}) from/,
}

const mostLines = 500
const mostLinesOfFunction = 70

export type Import = { readonly statement: string; readonly specifier: string }

/** The text without comments and without the contents of plain strings; templates stay, they hold SQL. */
export const withoutComments = (text: string): string =>
  text.replace(
    /('(?:[^'\\\n]|\\.)*')|\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm,
    (_all, quoted?: string, gap?: string) => (quoted === undefined ? (gap ?? '') : quoted),
  )
const withoutStrings = (text: string): string =>
  withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, `''`)

export function listImports(text: string): Import[] {
  const code = withoutComments(text)
  const fixed = [
    ...code.matchAll(/^(?:import|export)\b[^'"`;]*?from ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm),
  ]
  const lazy = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)]
  return [...fixed, ...lazy].map((match) => ({
    statement: match[0],
    specifier: match[1] ?? match[2] ?? '',
  }))
}

const layerOf = (path: string): string => path.split('/')[path.startsWith('src/') ? 1 : 0] ?? ''
const toLayer = (path: string): string => (layerOf(path).endsWith('.ts') ? 'main' : layerOf(path))

/** The file that a specifier names, from the root of the project; undefined for a package. */
function toPath(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#test/')) return specifier.slice(1)
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined
}

/** Another capability is reached through its operations; these rows are shared by those that hang on them. */
const sharedStores = [
  'src/capabilities/work-order/store.ts',
  'src/capabilities/principal/store.ts',
  'src/capabilities/asset/store.ts',
  'src/capabilities/tenant/store.ts',
  'src/capabilities/hierarchy/store.ts',
  'src/capabilities/resource/store.ts',
]

export function findImportFaults(path: string, text: string): string[] {
  const layer = toLayer(path)
  const faults: string[] = []
  for (const { statement, specifier } of listImports(text)) {
    const target = toPath(path, specifier)
    if (target === undefined) {
      const allowed = domainPackages[specifier]
      if (layer === 'domain' && !allowed?.test(statement)) faults.push(`domain imports ${specifier}`)
      continue
    }
    if (!target.startsWith('src/')) faults.push(`src imports ${target}`)
    else if (layers[layer]?.includes(toLayer(target)) !== true)
      faults.push(`${layer} imports ${toLayer(target)} (${specifier})`)
    const isStore = target.endsWith('store.ts') && target.startsWith('src/capabilities/')
    if (isStore && dirname(target) !== dirname(path) && !statement.startsWith('import type ')) {
      if (layer !== 'capabilities') faults.push(`${layer} imports a store (${specifier})`)
      else if (!sharedStores.includes(target)) faults.push(`a store of another capability (${specifier})`)
    }
  }
  return faults
}

const impure =
  /\bDate\.now\b|\bTemporal\.Now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bprocess\.|\bfetch\(|\bawait\b|\basync\b|\bset(?:Timeout|Interval|Immediate)\b|\bconsole\.|\bperformance\.|\bglobalThis\b|\brandom(?:UUID|Bytes|Int)\b/

export function findImpurity(text: string): string[] {
  const found = impure.exec(withoutStrings(text))
  return found === null ? [] : [`domain is pure, but this says ${found[0]}`]
}

/** Statements of SQL, and the calls that carry them. */
const sqlText =
  /\bselect\b[^;]{0,400}?\bfrom\b|\binsert into\b|\bupdate [a-z_]+ set\b|\bdelete from\b|\b(?:create|alter|drop|truncate) (?:table|index|role|function|database)\b/i
const sqlCall = /\.query\(|\btx\s*\.(?:rows|maybe|list|write)\b/

export const mayHoldSql = (path: string): boolean =>
  path.startsWith('src/platform/') || /^src\/capabilities\/[a-z-]+\/(?:[a-z-]+-)?store\.ts$/.test(path)

export function findSql(path: string, text: string): string[] {
  if (mayHoldSql(path)) return []
  const code = withoutComments(text)
  const templates = [...code.matchAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'/g)].map((match) => match[0])
  const found = templates.map((piece) => sqlText.exec(piece)?.[0]).find((piece) => piece !== undefined)
  const called = sqlCall.exec(code)?.[0]
  return found === undefined && called === undefined ? [] : [`SQL outside a store: ${found ?? called}`]
}

/** Form: what the compiler accepts and this house does not. */
export function findFormFaults(path: string, text: string): string[] {
  const code = withoutStrings(text)
  const faults: string[] = []
  // A test beside its file says what it is by that name.
  const isBeside = path.startsWith('src/') && path.endsWith('.test.ts')
  if (!isBeside && !/^(?:#!.*\n)?\/\*\*/.test(text)) faults.push('does not open with what it is')
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.ts$/.test(path.split('/').at(-1) ?? ''))
    faults.push('file name is not kebab-case')
  if (/^export default\b/m.test(code)) faults.push('default export')
  if (/^export \*|^export (?:type )?\{[^}]*\} from\b/m.test(code)) faults.push('re-export (a barrel)')
  if (/^\s*(?:export )?(?:declare )?(?:const )?enum \w/m.test(code)) faults.push('enum')
  if (/^\s*(?:export )?(?:declare )?namespace \w/m.test(code)) faults.push('namespace')
  if (/^\s*@\w+(?:\(|$)/m.test(code)) faults.push('decorator')
  for (const [, name = 'anonymous', parent = 'nothing'] of code.matchAll(
    /\bclass\b(?: (?!extends)(\w+))?(?: extends ([\w.]+))?\s*\{/g,
  )) {
    // Errors, and the driver's client whose life is that of its connection.
    if (!parent.endsWith('Error') && !/^(?:pg\.)?Client$/.test(parent))
      faults.push(`class ${name} extends ${parent}`)
  }
  return faults
}

/** Lengths. A function is found by its first line and the closing line of the same indentation, as oxfmt writes it. */
export function findLengthFaults(text: string): string[] {
  const lines = text.split('\n')
  const faults = lines.length > mostLines ? [`${lines.length} lines, the stop is ${mostLines}`] : []
  lines.forEach((line, start) => {
    if (
      !/\bfunction\b.*\{$|=> \{$|^\s+(?:async )?\w+\(.*\).*\{$/.test(line) ||
      /^\s*(?:if|for|while|switch)\b/.test(line)
    )
      return
    const indent = /^\s*/.exec(line)?.[0] ?? ''
    const length = lines.slice(start + 1).findIndex((one) => one.startsWith(`${indent}}`)) + 2
    const body = lines.slice(start, start + length).filter((one) => !/^\s*(?:$|\/\/|\*|\/\*)/.test(one))
    if (body.length > mostLinesOfFunction)
      faults.push(
        `a function of ${body.length} lines at line ${start + 1}, the stop is ${mostLinesOfFunction}`,
      )
  })
  return faults
}
