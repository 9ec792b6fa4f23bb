/** The OpenAPI 3.1 document, read off the list of operations. */
import { operations } from '#capabilities/index.ts'
import { refusals } from '#domain/problem.ts'
import type { Operation } from '#platform/operation.ts'
import { inputShape, toJsonSchema } from './input-shape.ts'
import type { JsonSchema } from './input-shape.ts'

export const apiVersion = '1.0.0'

export function buildOpenApi(): JsonSchema {
  const paths: { [path: string]: { [method: string]: unknown } } = {}
  for (const operation of operations) {
    const [method, url] = operation.http
    const path = url.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Docket',
      version: apiVersion,
      description:
        'The control plane for work orders. Every mutating call takes an `Idempotency-Key`; a change of a record that you read takes `If-Match` with its ETag. Lists give `next_cursor`, and are exported whole with `Accept: text/csv` or `application/x-ndjson`. What is refused comes back as a problem (RFC 9457) that lists every unmet gate.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ apiKey: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key (dk_…) or a token of your gateway.',
        },
        session: { type: 'apiKey', in: 'cookie', name: 'better-auth.session_token' },
      },
      schemas: { Problem: problemSchema },
    },
  }
}

const parameter = (name: string, where: string, schema: unknown, needed: boolean) => ({
  name,
  in: where,
  required: needed,
  schema,
  ...(Array.isArray((schema as JsonSchema)['enum']) ? {} : { explode: true }),
})

const toTag = (operation: Operation): string => (operation.name.split('.')[0] ?? '').replace('_', ' ')

function describeOperation(operation: Operation): JsonSchema {
  const [method, url] = operation.http
  const shape = inputShape(operation)
  const inPath = [...url.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  const rest = Object.entries(shape.properties).filter(([name]) => !inPath.includes(name))
  const required = (shape.required ?? []).filter((name) => !inPath.includes(name))
  const inQuery = method === 'GET' || method === 'DELETE'
  const parameters = [
    ...inPath.map((name) => parameter(name, 'path', shape.properties[name] ?? { type: 'string' }, true)),
    ...(inQuery
      ? rest.map(([name, schema]) => parameter(name, 'query', schema, required.includes(name)))
      : []),
    ...(operation.mutates
      ? [parameter('Idempotency-Key', 'header', { type: 'string', maxLength: 255 }, false)]
      : []),
    ...(operation.mutates && inPath.length > 0
      ? [parameter('If-Match', 'header', { type: 'string' }, false)]
      : []),
  ]
  const body = { type: 'object', properties: Object.fromEntries(rest), required, additionalProperties: false }
  return {
    operationId: operation.name,
    summary: operation.summary,
    tags: [toTag(operation)],
    parameters,
    ...(inQuery ? {} : { requestBody: requestBody(operation, body) }),
    responses: { [operation.status ?? 200]: success(operation), default: problemResponse },
  }
}

function requestBody(operation: Operation, body: JsonSchema): JsonSchema {
  if (operation.upload === true) {
    const schema = {
      type: 'object',
      properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
      required: ['file'],
    }
    return { required: true, content: { 'multipart/form-data': { schema } } }
  }
  const needed = Array.isArray(body['required']) && body['required'].length > 0
  const takes =
    operation.takes === undefined ? {} : { [operation.takes.type]: { schema: { type: 'string' } } }
  return { required: needed, content: { 'application/json': { schema: body }, ...takes } }
}

function success(operation: Operation): JsonSchema {
  if (operation.download === true) {
    return {
      description: 'the file',
      content: {
        'application/octet-stream': {
          schema: { type: 'string', contentMediaType: 'application/octet-stream' },
        },
      },
    }
  }
  const schema = toJsonSchema(operation.output, 'output')
  const lists = operation.name.endsWith('.list') ? { 'text/csv': {}, 'application/x-ndjson': {} } : {}
  const live = operation.name === 'event.list' ? { 'text/event-stream': {} } : {}
  const { document } = operation
  const shown = document === undefined ? {} : { [document.type]: { schema: { type: 'string' } } }
  return { description: 'done', content: { 'application/json': { schema }, ...lists, ...live, ...shown } }
}

const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'instance'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: [...Object.keys(refusals), 'unavailable', 'defect'] },
    instance: { type: 'string', description: 'the request id' },
    missing_fields: { type: 'array', items: { type: 'string' } },
    unmet: {
      type: 'array',
      description: 'every gate that is not met, in checking order, with who could meet it',
      items: {
        type: 'object',
        required: ['code', 'title'],
        properties: {
          code: { type: 'string' },
          title: { type: 'string' },
          who: { type: 'array', items: { type: 'string' } },
        },
      },
    },
  },
}

const problemResponse: JsonSchema = {
  description: 'refused, with every reason',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}
