/** Good values of an operation's properties: by what a name means, and else by the operation's own JSON Schema. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { statusNames } from '#domain/lifecycles.ts'
import type { JsonSchema } from '#edges/input-shape.ts'
import { cursors, slot } from './fuzz-nasty.ts'
import type { Json } from './fuzz-nasty.ts'

const words = fc.constantFrom(
  'hyd leak',
  'Replace seal',
  '更换滤芯',
  'Réglage',
  'spare part ordered',
  'x',
  'a, b',
  '😀 done',
)
const day = fc.constantFrom('2026-11-20', '2027-01-31', '2028-02-29', '1900-01-01', '2199-12-31')
const instant = fc.constantFrom('2026-11-20T08:00:00Z', '2026-11-21T08:00:00.5+02:00', '2199-12-31T23:59:59Z')

/** What a property of this name means, where its schema does not say. */
function byName(operation: string, name: string): Arbitrary<Json> | undefined {
  const subject = operation.slice(0, operation.indexOf('.'))
  switch (name) {
    case 'id':
      if (subject === 'asset') return slot('asset')
      if (operation === 'key.revoke') return slot('key')
      if (subject !== 'principal') return slot('work_order')
      return operation === 'principal.get' ? slot('principal') : slot('spare_principal')
    case 'actual_hours':
      return fc.constantFrom(0.25, 8)
    case 'order_id':
      return slot('order')
    case 'parent_wo_id':
      return slot('work_order')
    case 'parent':
      return subject === 'asset' ? slot('asset') : slot('work_order')
    case 'asset':
      return slot('asset')
    case 'assignee':
    case 'requester':
    case 'owner':
    case 'sponsor':
      return slot('principal')
    case 'principal':
      return slot('spare_principal')
    case 'attachment_id':
      return slot('attachment')
    case 'cursor':
      return fc.oneof(slot('cursor'), fc.constantFrom(...cursors))
    case 'title':
      return fc.constantFrom('[Fuzz-Case] a valid title', 'A valid title')
    case 'to':
    case 'new_status':
      return fc.oneof(
        fc.constantFrom('accepted', 'in_progress', 'blocked', 'cancelled'),
        fc.constantFrom(...statusNames),
      )
    case 'password':
      return fc.constant('correct horse battery')
    case 'tag':
      return fc.nat(1e6).map((n) => `TAG-${n}`)
    default:
      return undefined
  }
}

export function goodProperty(operation: string, name: string, schema: JsonSchema): Arbitrary<Json> {
  return byName(operation, name) ?? good(schema)
}

const alternativesOf = (schema: JsonSchema): readonly JsonSchema[] =>
  (schema['anyOf'] ?? schema['oneOf'] ?? []) as JsonSchema[]

function good(schema: JsonSchema): Arbitrary<Json> {
  const alternatives = alternativesOf(schema)
  if (alternatives.length > 0) return fc.oneof(...alternatives.map(good))
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as Json[]))
  if ('const' in schema) return fc.constant(schema['const'] as Json)
  switch (schema['type']) {
    case 'string':
      return goodText(schema)
    case 'integer':
      return fc.integer({
        min: Number(schema['minimum'] ?? 0),
        max: Math.min(Number(schema['maximum'] ?? 200), 1e6),
      })
    case 'number':
      return fc.constantFrom(0, 0.25, 1, 8, 1e6)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(good((schema['items'] ?? {}) as JsonSchema), {
        minLength: Number(schema['minItems'] ?? 0),
        maxLength: 3,
      })
    case 'object':
      return goodObject(schema)
    default:
      return fc.jsonValue({ maxDepth: 1 }) as Arbitrary<Json>
  }
}

function goodText(schema: JsonSchema): Arbitrary<string> {
  if (schema['format'] === 'date') return day
  if (schema['format'] === 'date-time') return instant
  if (schema['format'] === 'uuid') return fc.uuid()
  if (schema['format'] === 'email') return fc.nat(1e9).map((n) => `fuzz${n}@example.org`)
  return words
}

type Properties = { readonly [name: string]: JsonSchema }

function goodObject(schema: JsonSchema): Arbitrary<Json> {
  const properties = Object.entries((schema['properties'] ?? {}) as Properties)
  if (properties.length === 0) {
    const values = (schema['additionalProperties'] ?? {}) as JsonSchema
    return fc.dictionary(fc.constantFrom('site', 'line', 'system'), good(values), { maxKeys: 3 })
  }
  return fc.record(
    Object.fromEntries(properties.map(([name, property]) => [name, good(property)])),
  ) as Arbitrary<Json>
}
