/** The pages of docs/reference, each read off the code. Nothing on them is written by hand. */
import { operations } from '#capabilities/index.ts'
import { requiredSignatures } from '#domain/lifecycle.ts'
import type { Lifecycle, SignatureGate, Transition } from '#domain/lifecycle.ts'
import { lifecycleNames, lifecycles } from '#domain/lifecycles.ts'
import { grantedRoles, humanOnlyRoles, principalKinds } from '#domain/principal.ts'
import { describe, refusals } from '#domain/problem.ts'
import type { RefusalCode } from '#domain/refusal.ts'
import { inputShape, typesOf } from '#edges/input-shape.ts'
import type { JsonSchema } from '#edges/input-shape.ts'
import { callArguments, offeredTools, toolShape } from '#edges/mcp.ts'
import { settings } from '#platform/config.ts'
import type { Operation } from '#platform/operation.ts'
import { listHelp } from './cli-help.ts'
import { examples } from './reference-refusals.ts'

const all: readonly Operation[] = operations

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (text: string): string => `\`${text}\``
const toWord = (value: unknown): string => (typeof value === 'string' ? value : '')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const tableOf = (head: readonly string[], rows: readonly string[][]): string =>
  [row(...head), `|${'---|'.repeat(head.length)}`, ...rows.map((cells) => row(...cells))].join('\n')
const page = (title: string, intro: string, ...parts: readonly string[]): string =>
  `# ${title}\n\n${[intro, ...parts].join('\n\n')}\n\nPrinted from the code by \`npm run reference\`.\n`

export const pages: { readonly [name: string]: () => string } = {
  'config.md': writeConfig,
  'operations.md': writeOperations,
  'refusals.md': writeRefusals,
  'tools.md': writeTools,
  'cli.md': writeCli,
  'lifecycles.md': writeLifecycles,
  'permissions.md': writePermissions,
}

function writeConfig(): string {
  const rows = Object.entries(settings).map(([name, { schema, says }]) => {
    const unset = schema.safeParse(undefined)
    const value = unset.success ? unset.data : undefined
    return [code(name), value === undefined ? '—' : code(String(value)), says]
  })
  return page(
    'Settings',
    'Every setting is an environment variable, read once at the start. A setting that is not here does not exist; one that is not valid stops the start with a sentence (exit code 78).',
    tableOf(['name', 'when unset', 'what'], rows),
  )
}

function describeType(schema: JsonSchema): string {
  const options = (schema['anyOf'] as JsonSchema[] | undefined) ?? [schema]
  const named = options.map((option) => {
    const values = option['enum'] as unknown[] | undefined
    if (values !== undefined) return values.length > 8 ? 'one of its names' : values.map(String).join(' \\| ')
    const [type] = typesOf(option)
    if (type === 'array') return `list of ${describeType((option['items'] ?? {}) as JsonSchema)}`
    return toWord(option['format']) || toWord(type) || 'any'
  })
  return [...new Set(named)].join(' or ').replaceAll('\\|', '|')
}

function writeInput(shape: JsonSchema): string {
  const properties = Object.entries((shape['properties'] ?? {}) as { [name: string]: JsonSchema })
  const required = (shape['required'] ?? []) as readonly string[]
  if (properties.length === 0) return 'No arguments.'
  const rows = properties.map(([name, schema]) => {
    const fallback = schema['default']
    const needed = required.includes(name) && fallback === undefined
    const says = [
      toWord(schema['description']),
      fallback === undefined ? '' : `default ${code(JSON.stringify(fallback))}`,
    ]
    return [
      code(name),
      describeType(schema),
      needed ? 'yes' : '',
      says.filter((part) => part !== '').join('; '),
    ]
  })
  return tableOf(['argument', 'type', 'required', 'about'], rows)
}

const toCommand = ({ name }: Operation): string => `docket ${name.replace('.', ' ').replaceAll('_', '-')}`
const toTools = (operation: Operation): string =>
  offeredTools
    .filter((tool) => tool.operation === operation)
    .map((tool) => code(tool.name))
    .join(', ') || '—'

const describePermission = ({ permission }: Operation): string =>
  permission.roles === 'any' ? 'any role' : permission.roles.join(', ')

function writeOperations(): string {
  const parts = all.map((operation) => {
    const [method, path] = operation.http
    return [
      `## ${operation.name}`,
      `${operation.summary}.`,
      tableOf(
        ['door', 'name'],
        [
          ['REST', code(`${method} ${path}`)],
          ['MCP', toTools(operation)],
          ['CLI', code(toCommand(operation))],
          ['who may call it', `${operation.permission.kinds.join(', ')}; ${describePermission(operation)}`],
        ],
      ),
      writeInput(inputShape(operation)),
    ].join('\n\n')
  })
  return page(
    'Operations',
    'Everything that a principal can do, and its name at each door. An operation that changes something takes an idempotency key: the header `Idempotency-Key`, the MCP argument `idempotency_key`, the option `--idempotency-key`; one that changes a record that was read takes its version: `If-Match`, `if_version`, `--if-version`. Who may call an operation at all stands here; what may be done to which record is decided by its lifecycle (see lifecycles.md).',
    ...parts,
  )
}

function writeRefusals(): string {
  const rows = (Object.keys(refusals) as RefusalCode[]).map((name) => {
    const { http, title } = describe(examples[name])
    const { code: _, ...data } = examples[name]
    return [code(name), String(http), title, Object.keys(data).map(code).join(', ')]
  })
  return page(
    'Refusals',
    'A refusal is data with a code. Over REST it is a problem (RFC 9457, `application/problem+json`) with `type`, `title`, `status`, `code`, `instance` (the request id) and the members below; over MCP it is an error result with the same JSON; the CLI prints the sentence and ends with 1, or prints the JSON with `--json`. When gates of a work order are not met, `code` and `status` are those of the first one in checking order, and `unmet` lists every one of them, each with its `code`, its sentence, and in `who` the names of those who could meet it, where that is known. `missing_fields` gathers what is missing.',
    tableOf(['code', 'status', 'sentence (an example)', 'members'], rows),
    'Two more answers are no refusals: `unavailable` (503, `Retry-After`; CLI exit 75): the database is away and the same request may succeed later; `defect` (500; CLI exit 75 from a service, 70 inside the CLI): a fault of Docket, with the request id and nothing else.',
  )
}

function writeTools(): string {
  const parts = offeredTools.map((tool) =>
    [
      `## ${tool.name}`,
      `${tool.description.replace(/\.$/, '')}. Operation ${code(tool.operation.name)}, for ${tool.operation.permission.kinds.join(', ')}${tool.operation.permission.roles === 'any' ? '' : ` with ${tool.operation.permission.roles.join(' or ')}`}.`,
      writeInput(toolShape(tool)),
    ].join('\n\n'),
  )
  return page(
    'MCP tools',
    `The tools at \`POST /mcp\` and of \`docket mcp\`. A caller's list holds only what it may ever call. Every tool that changes something also takes ${Object.keys(callArguments).map(code).join(' and ')}.`,
    ...parts,
  )
}

function writeCli(): string {
  const parts = listHelp().map(({ name, text }) => `## ${name}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\``)
  return page(
    'Command line',
    'In a checkout: `npm run --silent docket -- …`. Commands of operations call the service at `DOCKET_URL` (or `http://127.0.0.1:PORT`) with the key in `DOCKET_KEY`; commands of the host work on the database directly. Exit codes: 0 done, 1 refused, 2 not understood, 70 a defect, 75 try again later, 78 this machine or its settings need a hand.',
    ...parts,
  )
}

const signers = (gate: SignatureGate | undefined): string => {
  const always = requiredSignatures(gate, false)
  const regulatory = requiredSignatures(gate, true)
  if (gate === undefined || regulatory.length === 0) return ''
  const says = `${gate.name} gate: signatures of ${regulatory.join(', ')} if regulatory`
  return always.length === 0 ? says : `${says}, of ${always.join(', ')} otherwise`
}

function describeNeeds(edge: Transition): string {
  const turned = requiredSignatures(edge.turnsBack, true)
  return [
    edge.given === undefined ? '' : `given with the request: ${edge.given.join(', ')}`,
    edge.fields === undefined ? '' : `given or on the record: ${edge.fields.join(', ')}`,
    edge.regulatoryFields === undefined ? '' : `if regulatory: ${edge.regulatoryFields.join(', ')}`,
    edge.acknowledged === true ? 'acknowledged by the assignee' : '',
    signers(edge.gate),
    turned.length === 0
      ? ''
      : `if regulatory, taken by a signer of the ${edge.turnsBack?.name} gate: ${turned.join(', ')}`,
    edge.approves === true ? 'separation of duties' : '',
    edge.onlyNonRegulatory === true ? 'not if regulatory' : '',
    edge.opensRevision === true ? 'opens a new revision' : '',
  ]
    .filter((part) => part !== '')
    .join('; ')
}

function writeLifecycle(lifecycle: Lifecycle): string {
  const states = Object.entries(lifecycle.states).map(([name, state]) => [
    code(name),
    state.category,
    state.editable.map(({ by, fields }) => `${by.join(', ')}: ${fields.join(', ')}`).join('; ') || 'nothing',
  ])
  const edges: string[][] = []
  for (const edge of lifecycle.transitions) {
    const [name, from, to, by, needs] = [
      edge.name,
      code(edge.from),
      code(edge.to),
      edge.by.join(', '),
      describeNeeds(edge),
    ]
    // The same transition out of several states is one line.
    const same = edges.find(
      (other) => other[0] === name && other[2] === to && other[3] === by && other[4] === needs,
    )
    if (same === undefined) edges.push([name, from, to, by, needs])
    else same[1] += `, ${from}`
  }
  return [
    `## ${lifecycle.name} (version ${lifecycle.version})`,
    `A new work order is ${code(lifecycle.initial)}.`,
    tableOf(['state', 'category', 'who may change which fields'], states),
    tableOf(['transition', 'from', 'to', 'who', 'needs'], edges),
  ].join('\n\n')
}

function writeLifecycles(): string {
  return page(
    'Lifecycles',
    'Three lifecycles ship. Every transition of a regulatory work order also needs a `reason`. A work order on hold leaves its active state only by being cancelled. Hours count as given when they are above zero, texts when they are not blank.',
    ...lifecycleNames.map((name) => writeLifecycle(lifecycles[name])),
  )
}

function writePermissions(): string {
  const rows = all.map((operation) => [
    code(operation.name),
    ...principalKinds.map((kind) => (operation.permission.kinds.includes(kind) ? 'yes' : '')),
    describePermission(operation),
    operation.mutates ? 'changes' : 'reads',
  ])
  return page(
    'Permissions',
    `Who may call which operation at all. An agent has its own roles as far as its sponsor holds them too. A vendor sees the work orders that it requested or is assigned to, and no others. Who holds the role auditor only, reads and changes nothing. Roles: ${grantedRoles.join(', ')}; of these ${humanOnlyRoles.join(', ')} are for humans only. The other roles come from the work order: originator (its requester), assignee, orchestrator (an agent that is its requester), system (a system identity).`,
    tableOf(['operation', ...principalKinds, 'roles', 'effect'], rows),
  )
}
