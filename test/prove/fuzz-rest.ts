/** Operations over REST: the path, the query, the body, and what can be wrong with each. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { operations } from '#capabilities/index.ts'
import { inputShape } from '#edges/input-shape.ts'
import type { InputShape } from '#edges/input-shape.ts'
import type { Operation } from '#platform/operation.ts'
import { applyChanges, change, goodInput } from './fuzz-change.ts'
import type { Input } from './fuzz-change.ts'
import { bodyFault, headerFault, lineFault, spoil } from './fuzz-fault.ts'
import { multipart } from './fuzz-multipart.ts'
import type { Json } from './fuzz-nasty.ts'
import { basics, senderOf, some, toRequest } from './fuzz-request.ts'
import type { Shot } from './fuzz-request.ts'

export const rest: Arbitrary<Shot> = fc.constantFrom<Operation>(...operations).chain((operation) => {
  const shape: InputShape = inputShape(operation)
  return fc
    .record({
      principal: senderOf(operation.name),
      input: goodInput(operation.name, shape),
      changes: some(change, 3, 0.6),
      headers: some(headerFault, 2, 0.2),
      body: some(bodyFault, 1, operation.http[0] === 'GET' ? 0.02 : 0.12),
      line: some(lineFault, 1, 0.05),
      part: multipart,
    })
    .map(({ principal, input, changes, headers, body, line, part }): Shot => ({
      about: `${operation.name}${changes.length + headers.length + body.length + line.length === 0 ? '' : ' (spoilt)'}`,
      operation,
      principal,
      isWhole: !line.some(({ cutsOff }) => cutsOff),
      isMcp: false,
      toBytes(fill) {
        const given = fill.value(applyChanges(input, changes))
        const { path, payload } = toTarget(operation, given)
        const attached = operation.upload === true ? part : undefined
        const text =
          attached?.body ?? (payload === undefined ? undefined : Buffer.from(JSON.stringify(payload) ?? ''))
        return toRequest({
          method: operation.http[0],
          path,
          headers: [
            ...basics(fill),
            ...(text === undefined ? [] : [['content-type', attached?.type ?? 'application/json'] as const]),
            ...headers,
          ],
          body: body.reduce<Buffer | undefined>((spoilt, fault) => spoil(spoilt, fault), text),
          spoilLine: line[0]?.apply,
        })
      },
    }))
})

/** The path with its parameters, the query, and what is left for the body. */
function toTarget(operation: Operation, given: Json): { path: string; payload: Json | undefined } {
  const [method, url] = operation.http
  const input: Input =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : {}
  const path = url.replace(/:(\w+)/g, (_match, name: string) => {
    const value = input[name] ?? ''
    delete input[name]
    return escape(toText(value))
  })
  if (method !== 'GET' && method !== 'DELETE') return { path, payload: isObject(given) ? input : given }
  const query = isObject(given)
    ? Object.entries(input).flatMap(([name, value]) => toParameters(name, value))
    : [escape(toText(given))]
  return { path: query.length === 0 ? path : `${path}?${query.join('&')}`, payload: undefined }
}

const toText = (value: Json): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const isObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function toParameters(name: string, value: Json): string[] {
  if (Array.isArray(value)) return value.slice(0, 300).flatMap((item) => toParameters(name, item))
  return [`${escape(name)}=${escape(toText(value))}`]
}

/** As encodeURIComponent; half of a surrogate pair goes out as the three bytes that some programs make of it. */
const escape = (text: string): string =>
  Array.from(text)
    .map((character) =>
      character.isWellFormed()
        ? encodeURIComponent(character)
        : `%ED%${(0x80 | ((character.charCodeAt(0) >> 6) & 0x3f)).toString(16)}%${(0x80 | (character.charCodeAt(0) & 0x3f)).toString(16)}`,
    )
    .join('')
