/**
 * The CLI door: one command for each operation, read off the list, sent to the service over HTTP. What the
 * command takes in its path stands bare, everything else is an option.
 */
import { isUtf8 } from 'node:buffer'
import { openAsBlob, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { operations } from '#capabilities/index.ts'
import type { Config } from '#platform/config.ts'
import { SetupProblem, Unavailable } from '#platform/error.ts'
import type { Operation } from '#platform/operation.ts'
import { printAnswer } from './cli-print.ts'
import { askSecrets, describeSecrets } from './cli-secret.ts'
import type { Asker } from './cli-secret.ts'
import { printCriticalPath, printGraph, printTree } from './cli-tree.ts'
import { coerce, inputShape, typesOf } from './input-shape.ts'
import type { JsonSchema } from './input-shape.ts'

const kebab = (name: string): string => name.replaceAll('_', '-')
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** A refusal as the service gave it; the CLI prints its sentence and exits 1. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly problem: { readonly [member: string]: unknown }
  constructor(problem: { readonly [member: string]: unknown }) {
    super(typeof problem['title'] === 'string' ? problem['title'] : 'refused')
    this.problem = problem
  }
}

export type Out = (text: string) => void

/** Answers that are more than a table or a record. */
const printers: { readonly [operation: string]: (answer: unknown) => string } = {
  'hierarchy.tree': printTree,
  'hierarchy.graph': printGraph,
  'hierarchy.critical_path': printCriticalPath,
}
/** What is asked for often has a short name too. */
const shortNames: { readonly [operation: string]: string } = {
  'hierarchy.tree': 'tree',
  'hierarchy.graph': 'graph',
  'hierarchy.critical_path': 'critical-path',
}

/** An operation that the host can also do by itself; `run` says false when the options do not ask for it. */
export type HostVariant = {
  readonly operation: string
  readonly flag: string
  readonly says: string
  run(options: { readonly [name: string]: string | undefined }): Promise<boolean>
}

export function addOperationCommands(
  program: Command,
  config: () => Config,
  out: Out,
  variant: HostVariant,
  openAsker: () => Asker,
): void {
  const groups = new Map<string, Command>()
  for (const operation of operations as readonly Operation[]) {
    const [noun = '', verb = ''] = operation.name.split('.').map(kebab)
    let group = groups.get(noun)
    if (group === undefined) {
      group =
        program.commands.find((command) => command.name() === noun) ??
        program
          .command(noun)
          .description(noun === 'me' ? 'who you are' : `operations of ${noun.replace('-', ' ')}s`)
      groups.set(noun, group)
    }
    const hosted = variant.operation === operation.name ? variant : undefined
    declareCommand(group.command(verb), operation, config, out, hosted, openAsker)
    const short = shortNames[operation.name]
    if (short !== undefined) declareCommand(program.command(short), operation, config, out, hosted, openAsker)
  }
}

function declareCommand(
  command: Command,
  operation: Operation,
  config: () => Config,
  out: Out,
  hosted: HostVariant | undefined,
  openAsker: () => Asker,
): void {
  command.description(operation.summary)
  declareInput(command, operation)
  command
    .option('--json', 'print the answer as JSON')
    .option('--key <key>', 'API key; DOCKET_KEY when left out')
    .option('--url <url>', 'the service; DOCKET_URL, or this machine, when left out')
  if (operation.example !== undefined)
    command.addHelpText('after', `\nExample:\n  $ docket ${pathOf(command)} ${operation.example}`.trimEnd())
  if (operation.secret !== undefined) command.addHelpText('after', describeSecrets(operation.secret))
  if (hosted !== undefined) command.option(hosted.flag, hosted.says)
  command.action(async () => {
    if ((await hosted?.run(command.opts())) === true) return
    await runOperation(operation, command, config(), out, openAsker())
  })
}

/** `work-order create`: the words that lead to a command, without those of the program. */
function pathOf(command: Command): string {
  const words: string[] = []
  for (let at: Command | null = command; at?.parent; at = at.parent) words.unshift(at.name())
  return words.join(' ')
}

const pathNames = (operation: Operation): string[] =>
  [...operation.http[1].matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')

function declareInput(command: Command, operation: Operation): void {
  const shape = inputShape(operation)
  const inPath = pathNames(operation)
  for (const name of inPath)
    command.argument(`<${kebab(name)}>`, wordsOf(shape.properties[name], 'description'))
  if (operation.takes !== undefined)
    command.argument('<file>', `${operation.takes.type}; "-" reads standard input`)
  for (const [name, schema] of Object.entries(shape.properties)) {
    if (inPath.includes(name) || name === operation.takes?.member) continue
    const needed = (shape.required ?? []).includes(name) && schema['default'] === undefined
    if (operation.secret?.includes(name) === true) {
      const whose = wordsOf(schema, 'description')
      const says = `asks for the ${name.replaceAll('_', ' ')}${whose === '' ? '' : ` (${whose})`}`
      if (!needed) command.option(`--${kebab(name)}`, says)
      continue
    }
    const takes = operation.upload === true && name === 'file' ? 'path' : describeType(schema)
    const option = new Option(`--${kebab(name)} <${takes}>`, wordsOf(schema, 'description'))
    if (needed) option.makeOptionMandatory()
    if (schema['default'] !== undefined) option.default(undefined, wordsOf(schema, 'default'))
    command.addOption(option)
  }
  if (operation.mutates) {
    command.option('--idempotency-key <text>', 'repeat the command with the same key and it is done once')
    if (inPath.length > 0)
      command.option('--if-version <number>', 'the version that you read; another one is refused')
  }
  if (operation.name.endsWith('.list'))
    command.addOption(new Option('--format <format>', 'the whole list as').choices(['csv', 'ndjson']))
}

/** What a schema or a problem says under that name, as text. */
function wordsOf(said: { readonly [name: string]: unknown } | undefined, name: string): string {
  const value = said?.[name]
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
}

function describeType(schema: JsonSchema): string {
  const choices = schema['enum'] as string[] | undefined
  if (choices !== undefined && choices.length <= 8) return choices.join('|')
  const [type] = typesOf(schema)
  if (type === 'array') return 'list'
  return type === 'object' ? 'json' : typeof type === 'string' && type !== 'string' ? type : 'text'
}

async function runOperation(
  operation: Operation,
  command: Command,
  config: Config,
  out: Out,
  asker: Asker,
): Promise<void> {
  const { json, key, url, format, idempotencyKey, ifVersion, ...options } = command.opts<{
    [name: string]: string | boolean | undefined
  }>()
  const { bearer, base } = toTarget(key, url, config)
  const given = Object.fromEntries(Object.entries(options).map(([name, value]) => [snake(name), value]))
  const secrets = await askSecrets(operation, given, asker)
  const names = pathNames(operation)
  const input = {
    ...coerce(inputShape(operation), { ...given, ...secrets }),
    ...(operation.takes === undefined
      ? {}
      : { [operation.takes.member]: readDocument(String(command.processedArgs[names.length])) }),
  }
  const path = operation.http[1].replace(/:(\w+)/g, (_all, name: string) =>
    encodeURIComponent(String(command.processedArgs[names.indexOf(name)])),
  )
  const request = await toRequest(operation, input)
  const document = json === true ? undefined : operation.document?.type
  const accept =
    format === 'csv'
      ? 'text/csv'
      : format === 'ndjson'
        ? 'application/x-ndjson'
        : (document ?? 'application/json')
  const headers = {
    ...request.headers,
    accept,
    authorization: `Bearer ${bearer}`,
    ...(typeof idempotencyKey === 'string' ? { 'idempotency-key': idempotencyKey } : {}),
    ...(typeof ifVersion === 'string' ? { 'if-match': `"${ifVersion}"` } : {}),
  }
  const response = await call(`${base}${path}${request.query}`, {
    method: operation.http[0],
    headers,
    ...(request.body === undefined ? {} : { body: request.body }),
  })
  await printResponse(
    operation,
    response,
    { json: json === true, raw: format !== undefined || document !== undefined },
    out,
  )
}

/** The text of a file, or of standard input. */
function readDocument(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path === '-' ? 0 : path)
  } catch (cause) {
    throw new SetupProblem(
      `The file "${path}" cannot be read: check that it is there and that you may read it.`,
      { cause },
    )
  }
  if (!isUtf8(bytes))
    throw new SetupProblem(`The file "${path}" is not text in UTF-8: save it as CSV in UTF-8.`)
  return bytes.toString('utf8')
}

/** The service and the key to call it with, as the options or the settings say. */
export function toTarget(key: unknown, url: unknown, config: Config): { bearer: string; base: string } {
  const bearer = typeof key === 'string' ? key : config.DOCKET_KEY
  if (bearer === undefined)
    throw new SetupProblem(
      'No API key: set DOCKET_KEY or give --key ("docket key create --tenant T --principal P" makes one).',
    )
  const base = typeof url === 'string' ? url : (config.DOCKET_URL ?? `http://127.0.0.1:${config.PORT}`)
  return { bearer, base }
}

type HttpRequest = {
  readonly query: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | FormData
}

async function toRequest(
  operation: Operation,
  input: { readonly [name: string]: unknown },
): Promise<HttpRequest> {
  if (operation.upload === true) {
    const path = input['file'] as string
    const form = new FormData()
    try {
      form.append('file', await openAsBlob(path), basename(path))
    } catch (cause) {
      throw new SetupProblem(
        `The file "${path}" cannot be read: check that it is there and that you may read it.`,
        { cause },
      )
    }
    return { query: '', headers: {}, body: form }
  }
  if (operation.http[0] === 'GET') {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(input))
      if (value !== undefined)
        query.set(
          name,
          Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value),
        )
    return { query: query.size === 0 ? '' : `?${query.toString()}`, headers: {} }
  }
  return { query: '', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) }
}

export async function call(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    throw new Unavailable(
      `No service answers at ${new URL(url).origin}: start it with "npm start", or set DOCKET_URL.`,
      { cause },
    )
  }
}

/** What stands in front of the service, or in its place, does not answer in JSON. */
function toStranger(response: Response): Error {
  const { origin } = new URL(response.url)
  return response.status >= 500
    ? new Unavailable(`${origin} answers ${response.status}: try again when the service is there.`)
    : new SetupProblem(
        `What answers at ${origin} is not Docket (status ${response.status}): check DOCKET_URL or --url.`,
      )
}

/** Throws what the service refused, and what is not an answer of the service at all. */
export async function assertAnswered(response: Response, isFile: boolean): Promise<void> {
  const isWhole = response.ok && isFile
  if (!isWhole && !/[/+]json\b/.test(response.headers.get('content-type') ?? '')) throw toStranger(response)
  if (response.ok) return
  const problem = (await response.json()) as { [member: string]: unknown }
  if (response.status >= 500) throw new Unavailable(wordsOf(problem, 'title') || 'the service failed')
  throw new Refused(problem)
}

async function printResponse(
  operation: Operation,
  response: Response,
  how: { json: boolean; raw: boolean },
  out: Out,
): Promise<void> {
  await assertAnswered(response, operation.download === true || how.raw)
  if (operation.download === true || how.raw) {
    const body = response.body ?? new ReadableStream<Uint8Array>()
    if (operation.download === true) for await (const chunk of body) process.stdout.write(chunk)
    else for await (const text of body.pipeThrough(new TextDecoderStream())) out(text)
    return
  }
  const answer: unknown = await response.json()
  const print = printers[operation.name] ?? printAnswer
  out(how.json ? `${JSON.stringify(answer, null, 2)}\n` : print(answer))
}
