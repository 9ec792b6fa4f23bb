/**
 * One call of one operation, from any door: may this kind of principal call it at all, is there no secret in the
 * input, is it well formed, was this key used before, and then load → decide → record. Every door goes through here.
 */
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import { toCanonical } from '#domain/entry.ts'
import { holdsAny } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { findSecrets } from '#domain/secret-scan.ts'
import type { Operation } from './operation.ts'
import { asRefusal, isSecondUseOfKey, isWorthRetrying } from './sqlstate.ts'
import { inTenant } from './tx.ts'
import { inTurn } from './turn.ts'
import type { Room } from './turn.ts'
import type { Call, Floor, Tx } from './tx.ts'

const mostTries = 4

export type Answer = { readonly output: unknown; readonly replayed: boolean }

/** May this principal call the operation at all? What it may do to which record is decided inside. */
export function decideCall(operation: Operation, actor: Actor): Refusal | undefined {
  const { kinds, roles } = operation.permission
  if (!kinds.includes(actor.kind)) return { code: 'not_allowed', operation: operation.name, kinds }
  if (roles !== 'any' && !holdsAny(actor, roles))
    return { code: 'not_allowed', operation: operation.name, roles }
  // Who only audits reads everything and changes nothing.
  const onlyAudits = actor.grants.length > 0 && actor.grants.every((grant) => grant.role === 'auditor')
  if (operation.mutates && onlyAudits && roles === 'any')
    return { code: 'not_allowed', operation: operation.name, roles: ['operator'] }
  return undefined
}

const cut = (text: string): string => (text.length > 300 ? `${text.slice(0, 300).toWellFormed()}…` : text)

/** What is wrong with an input, as far as a caller can use it: names that it made up itself are not repeated at length. */
export function toInvalidInput(error: z.ZodError): Refusal {
  const errors = error.issues
    .slice(0, 50)
    .map((issue) => ({ path: cut(issue.path.join('.')), message: cut(issue.message) }))
  return { code: 'invalid_input', errors }
}

export async function perform(
  floor: Floor,
  operation: Operation,
  actor: Actor,
  given: unknown,
  call: Call,
): Promise<Decision<Answer>> {
  const forbidden = decideCall(operation, actor)
  if (forbidden !== undefined) return refuse(forbidden)
  const secrets = operation.mutates ? findSecrets(withoutSecrets(operation, given)) : []
  if (secrets.length > 0) return refuse({ code: 'secret_in_text', found: secrets })
  const parsed = operation.input.safeParse(given)
  if (!parsed.success) return refuse(toInvalidInput(parsed.error))
  for (let tries = 1; ; tries += 1) {
    try {
      const once = async (): Promise<Decision<Answer>> =>
        think(operation, call, await performOnce(floor, operation, actor, parsed.data, call, tries === 1))
      const turn = turnOf(operation, actor)
      if (turn === undefined) return await once()
      return (
        (await inTurn(turn.key, turn.room, once)) ??
        refuse({ code: 'too_many_requests', retryAfterSeconds: 10 })
      )
    } catch (error) {
      // Two calls with one key at once: the other one has committed, its answer is ours.
      const again = isSecondUseOfKey(error) || isWorthRetrying(error)
      if (again && tries < mostTries) continue
      const refusal = asRefusal(error)
      if (refusal !== undefined) return refuse(refusal)
      throw error
    }
  }
}

/** What many may wait for at once, and long: each kind of it in a line of its own. */
function turnOf(operation: Operation, actor: Actor): { key: string; room: Room } | undefined {
  const { secret, locksTree } = operation
  // What is loaded for it may be large: who waits has loaded nothing yet.
  if (operation.reckons === true)
    return { key: `reckon ${actor.tenantId}`, room: { atOnce: 1, waiting: 255 } }
  if (operation.think !== undefined)
    return { key: `think ${actor.tenantId}`, room: { atOnce: 1, waiting: 15 } }
  // To check a secret takes long on purpose, under the lock of the caller's record.
  if (secret !== undefined) return { key: actor.id, room: { atOnce: 1, waiting: 31 } }
  return locksTree ? { key: `tree ${actor.tenantId}`, room: { atOnce: 4, waiting: 1000 } } : undefined
}

/** From what was loaded to the answer, where an operation thinks; the transaction is over by now. */
async function think(
  operation: Operation,
  { signal = new AbortController().signal }: Call,
  loaded: Decision<Answer>,
): Promise<Decision<Answer>> {
  if (operation.think === undefined || !loaded.ok) return loaded
  signal.throwIfAborted()
  const decision = await operation.think(loaded.value.output, { signal })
  return decision.ok ? accept({ ...loaded.value, output: decision.value }) : decision
}

function performOnce(
  floor: Floor,
  operation: Operation,
  actor: Actor,
  input: unknown,
  call: Call,
  isFirstTry: boolean,
): Promise<Decision<Answer>> {
  const bound = { tenantId: actor.tenantId, actor, call, mayGuess: isFirstTry }
  return inTenant(floor, bound, async (tx): Promise<Decision<Answer>> => {
    const key = operation.mutates ? call.idempotencyKey : undefined
    if (key === undefined) {
      const decision = await operation.run(tx, actor, input)
      return decision.ok ? accept({ output: decision.value, replayed: false }) : decision
    }
    const hash = hashRequest(operation, input)
    if (operation.reachesOut === true) await lockKey(tx, actor, key)
    // A key is seldom used twice, and the insert of its answer finds that out: then the second try looks first.
    const before =
      isFirstTry && operation.reachesOut !== true ? undefined : await findAnswer(tx, actor, key, hash)
    if (before !== undefined) return before
    const decision = await operation.run(tx, actor, input)
    if (!decision.ok) {
      // While this call waited for the record, its twin may have done the work: then its answer is ours.
      const twin = await findAnswer(tx, actor, key, hash)
      if (twin !== undefined) tx.drop()
      return twin ?? decision
    }
    const kept = operation.redact === undefined ? decision.value : operation.redact(decision.value)
    insertAnswer(tx, actor, key, hash, kept)
    return accept({ output: decision.value, replayed: false })
  })
}

/** What was done outside cannot be rolled back: twins with one key go in here one after the other. */
const lockKey = (tx: Tx, actor: Actor, key: string): Promise<unknown> =>
  tx.rows`select pg_advisory_xact_lock(hashtextextended(${`${actor.id} ${key}`}, 0))`

/** What makes two requests the same one. Where the edge has put an uploaded file does not: its hash does. */
function hashRequest(operation: Operation, input: unknown): Buffer {
  const { file, ...rest } = input as { readonly file?: object; readonly [name: string]: unknown }
  const same =
    operation.upload === true ? { ...rest, file: { ...file, path: null } } : withoutSecrets(operation, input)
  return createHash('sha256')
    .update(toCanonical({ operation: operation.name, input: same }))
    .digest()
}

/** Without what the operation itself asks for as a secret: a hash of a password is a way to guess it. */
function withoutSecrets({ secret = [] }: Operation, input: unknown): unknown {
  if (secret.length === 0 || typeof input !== 'object' || input === null) return input
  return Object.fromEntries(Object.entries(input).filter(([name]) => !secret.includes(name)))
}

async function findAnswer(
  tx: Tx,
  actor: Actor,
  key: string,
  hash: Buffer,
): Promise<Decision<Answer> | undefined> {
  const row = await tx.maybe<{ request_hash: Buffer; response: string }>`
    select request_hash, response from idempotency_keys where principal_id = ${actor.id} and key = ${key}`
  if (row === undefined) return undefined
  if (!row.request_hash.equals(hash)) return refuse({ code: 'idempotency_key_reused' })
  return accept({ output: JSON.parse(row.response) as unknown, replayed: true })
}

function insertAnswer(tx: Tx, actor: Actor, key: string, hash: Buffer, answer: unknown): void {
  tx.write(1)`
    insert into idempotency_keys (principal_id, key, request_hash, response)
    values (${actor.id}, ${key}, ${hash}, ${JSON.stringify(answer ?? null)})`
}
