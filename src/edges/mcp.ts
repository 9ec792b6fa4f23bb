/**
 * The MCP door: the fleet's tools, and one tool for each operation that is offered here. A caller's list holds
 * only what it may ever call. A refusal is an error result with the same problem that HTTP gives.
 */
import { Server } from '@modelcontextprotocol/server'
import type { CallToolResult, Tool } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { operations } from '#capabilities/index.ts'
import type { Actor } from '#domain/principal.ts'
import { toProblem } from '#domain/problem.ts'
import { refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Operation } from '#platform/operation.ts'
import { decideCall, perform, toInvalidInput } from '#platform/perform.ts'
import type { Answer } from '#platform/perform.ts'
import type { Service } from '#platform/service.ts'
import { asUnavailable } from '#platform/sqlstate.ts'
import type { Call } from '#platform/tx.ts'
import { inputShape, toJsonSchema } from './input-shape.ts'
import type { JsonSchema } from './input-shape.ts'
import { fleetTools } from './mcp-fleet.ts'
import type { FleetTool } from './mcp-fleet.ts'
import { apiVersion } from './openapi.ts'

/** The tool name of an operation, where it has one. */
const toolName = (operation: Operation): string | undefined =>
  operation.mcp === false ? undefined : (operation.mcp ?? operation.name.replace('.', '_'))

type Offered = {
  readonly name: string
  readonly description: string
  readonly operation: Operation
  readonly fleet?: FleetTool
}

export const offeredTools: readonly Offered[] = [
  ...fleetTools.map((fleet) => ({
    name: fleet.name,
    description: fleet.description,
    operation: fleet.operation,
    fleet,
  })),
  ...operations.flatMap((operation: Operation) => {
    const name = toolName(operation)
    return name === undefined ? [] : [{ name, description: operation.summary, operation }]
  }),
]
const toolsByName = new Map(offeredTools.map((tool) => [tool.name, tool]))

export const callArguments = {
  idempotency_key: {
    type: 'string',
    maxLength: 255,
    description: 'repeat the call with the same key and it is done once',
  },
  if_version: { type: 'integer', description: 'the version that you read; another one is refused' },
}

export function listTools(actor: Actor): Tool[] {
  return offeredTools.filter((tool) => decideCall(tool.operation, actor) === undefined).map(toTool)
}

/** JSON Schema of a tool's own arguments. */
export const toolShape = ({ operation, fleet }: Offered): JsonSchema =>
  fleet === undefined ? inputShape(operation) : toJsonSchema(fleet.input, 'input')

function toTool(tool: Offered): Tool {
  const { name, description, operation } = tool
  const shape = toolShape(tool)
  const properties = { ...(shape['properties'] as object), ...(operation.mutates ? callArguments : {}) }
  return {
    name,
    description,
    inputSchema: { ...shape, type: 'object', properties },
    annotations: {
      readOnlyHint: !operation.mutates,
      idempotentHint: !operation.mutates,
      destructiveHint: false,
      openWorldHint: false,
    },
  }
}

export type Caller = () => Promise<Actor | undefined>

/** A server for one connection or one request; who calls is asked anew at every call. */
export function buildMcpServer(service: Service, caller: Caller, requestId: () => string): Server {
  const server = new Server(
    { name: 'docket', title: 'Docket', version: apiVersion },
    {
      capabilities: { tools: {} },
      instructions:
        'Work orders are the only task channel. A refusal says what is missing and who can help: read `code`, `missing_fields`, `unmet`.',
    },
  )
  server.setRequestHandler('tools/list', async () => {
    const actor = await caller()
    return { tools: actor === undefined ? [] : listTools(actor) }
  })
  server.setRequestHandler('tools/call', async ({ params }) =>
    callTool(service, await caller(), params.name, params.arguments ?? {}, requestId()),
  )
  return server
}

async function callTool(
  service: Service,
  actor: Actor | undefined,
  name: string,
  args: { [name: string]: unknown },
  requestId: string,
): Promise<CallToolResult> {
  if (actor === undefined) return toResult(refuse({ code: 'unauthenticated' }), requestId)
  const tool = toolsByName.get(name)
  // A tool that the caller may never use does not exist for it.
  if (tool === undefined || decideCall(tool.operation, actor) !== undefined)
    return toResult(refuse({ code: 'not_found', what: `the tool ${name.slice(0, 100)}` }), requestId)
  try {
    return toResult(await runTool(service, actor, tool, args, requestId), requestId, tool.fleet?.toAnswer)
  } catch (error) {
    const away = asUnavailable(error)
    if (away === undefined) service.log.error({ err: error, request_id: requestId, tool: name }, 'defect')
    else service.recover()
    const body =
      away === undefined
        ? {
            type: '/problems/defect',
            status: 500,
            code: 'defect',
            title: 'this should not have happened',
            instance: requestId,
          }
        : {
            type: '/problems/unavailable',
            status: 503,
            code: 'unavailable',
            title: `${away.message}; try again`,
            retry_after_seconds: away.retryAfterSeconds,
            instance: requestId,
          }
    return { isError: true, content: [{ type: 'text', text: JSON.stringify(body) }], structuredContent: body }
  }
}

const callSchema = z.object({
  idempotency_key: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable characters without spaces')
    .optional(),
  if_version: z.int().min(0).optional(),
})

/** The fleet says `order_id` for a work order; every tool that takes its `id` understands that too. */
function withId(operation: Operation, { order_id, ...args }: { [name: string]: unknown }): object {
  if (order_id === undefined) return args
  const isOfWorkOrder = operation.http[1].startsWith('/v1/work-orders/:id')
  return isOfWorkOrder && args['id'] === undefined ? { ...args, id: order_id } : { ...args, order_id }
}

async function runTool(
  service: Service,
  actor: Actor,
  tool: Offered,
  all: { [name: string]: unknown },
  requestId: string,
): Promise<Decision<Answer>> {
  const { idempotency_key, if_version, ...args } = all
  const call = callSchema.safeParse({ idempotency_key, if_version })
  if (!call.success) return refuse(toInvalidInput(call.error))
  const bound: Call = {
    requestId,
    idempotencyKey: call.data.idempotency_key,
    ifVersion: call.data.if_version,
  }
  const { fleet, operation } = tool
  if (fleet === undefined) return perform(service.floor, operation, actor, withId(operation, args), bound)
  const parsed = fleet.input.safeParse(args)
  if (!parsed.success) return refuse(toInvalidInput(parsed.error))
  const decision = await perform(
    service.floor,
    operation,
    actor,
    fleet.toInput(parsed.data as { [name: string]: unknown }),
    bound,
  )
  if (!decision.ok || fleet.also === undefined) return decision
  const also = await perform(
    service.floor,
    fleet.also.operation,
    actor,
    fleet.toInput(parsed.data as { [name: string]: unknown }),
    bound,
  )
  if (!also.ok) return also
  const { data } = also.value.output as { data: unknown }
  return {
    ok: true,
    value: { ...decision.value, output: { ...(decision.value.output as object), [fleet.also.as]: data } },
  }
}

function toResult(
  decision: Decision<Answer>,
  requestId: string,
  toAnswer: (output: unknown) => unknown = (output) => output,
): CallToolResult {
  const body = decision.ok
    ? toAnswer(decision.value.output)
    : { ...toProblem(decision.refusal), instance: requestId }
  return {
    ...(decision.ok ? {} : { isError: true }),
    content: [{ type: 'text', text: JSON.stringify(body) }],
    structuredContent: body,
  }
}
