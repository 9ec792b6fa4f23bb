/** The JSON Schema of an operation's input, and texts (query, command line) read as what it asks for. */
import { z } from 'zod'
import type { Operation } from '#platform/operation.ts'

export type JsonSchema = { readonly [keyword: string]: unknown }
export type InputShape = {
  readonly type: 'object'
  readonly properties: { readonly [name: string]: JsonSchema }
  readonly required?: readonly string[]
} & JsonSchema

const shapes = new WeakMap<z.ZodType, InputShape>()

export const toJsonSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

export function inputShape(operation: Operation): InputShape {
  let shape = shapes.get(operation.input)
  if (shape === undefined) {
    shape = { properties: {}, ...toJsonSchema(operation.input, 'input'), type: 'object' }
    shapes.set(operation.input, shape)
  }
  return shape
}

const alternatives = (schema: JsonSchema): JsonSchema[] =>
  Array.isArray(schema['anyOf'] ?? schema['oneOf'])
    ? ((schema['anyOf'] ?? schema['oneOf']) as JsonSchema[]).flatMap(alternatives)
    : [schema]
export const typesOf = (schema: JsonSchema): unknown[] => alternatives(schema).map((one) => one['type'])

/** Texts become numbers, booleans and lists where the schema asks for them; what does not fit is left to be refused. */
export function coerce(
  shape: InputShape,
  given: { readonly [name: string]: unknown },
): { [name: string]: unknown } {
  const input: { [name: string]: unknown } = {}
  for (const [name, value] of Object.entries(given)) {
    const schema = shape.properties[name]
    input[name] = schema === undefined ? value : coerceOne(schema, value)
  }
  return input
}

function coerceOne(schema: JsonSchema, value: unknown): unknown {
  const types = typesOf(schema)
  if (types.includes('array')) {
    const text = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value
    if (typeof text === 'string' && /^\s*\[/.test(text) && holdsObjects(schema)) return parseObject(text)
    const items = (Array.isArray(value) ? value : [value]).flatMap((item) =>
      typeof item === 'string' ? item.split(',') : [item],
    )
    return items.map((item) => (typeof item === 'string' ? item.trim() : (item as unknown)))
  }
  if (typeof value !== 'string') return value
  if ((types.includes('number') || types.includes('integer')) && /^-?\d{1,15}(\.\d{1,15})?$/.test(value))
    return Number(value)
  if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true'
  if (types.includes('object')) return parseObject(value)
  return value
}

/** A list of objects is written as JSON; a comma does not part what has members. */
const holdsObjects = (schema: JsonSchema): boolean =>
  alternatives(schema).some(
    ({ items }) => items !== undefined && typesOf(items as JsonSchema).includes('object'),
  )

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
