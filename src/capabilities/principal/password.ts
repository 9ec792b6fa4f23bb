/**
 * Giving a person a password: an administrator gives it to others, a person changes their own. Who gave it is
 * an entry of the person's record, because that one could sign in as the person: see `decideConfirm`.
 */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import { holdsAny } from '#domain/principal.ts'
import type { Actor } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import { operation } from '#platform/operation.ts'
import type { Chained, Tx } from '#platform/tx.ts'
import { isLocked, recordWrongAttempt, verifyPassword } from '../signing-key/use.ts'
import { principalRef } from '../work-order/schema.ts'
import { lockPrincipal, updateEmail } from './store.ts'
import type { LockedPrincipal } from './store.ts'

export const setPassword = operation({
  name: 'principal.set_password',
  summary: 'Give a person a password to sign in with, as an administrator; or change your own',
  http: ['POST', '/v1/principals/:id/password'],
  permission: { kinds: ['human', 'vendor'], roles: 'any' },
  mutates: true,
  mcp: false,
  reachesOut: true,
  secret: ['password', 'current_password'],
  example: '"Mei Lin" --email mei@example.org',
  input: z.strictObject({
    id: principalRef,
    email: z.email().max(254).optional().describe('to sign in with; needed while the person has none'),
    password: z.string().min(12).max(256),
    current_password: z.string().min(1).max(256).optional().describe('of your own account, to change it'),
  }),
  output: z.object({ principal: z.string(), email: z.string() }),
  async run(tx, actor, input) {
    const person = await lockPrincipal(tx, input.id)
    const allowed = await checkGiver(tx, actor, person?.id, input.current_password)
    if (!allowed.ok) return allowed
    if (person === undefined || person.disabled_at !== null)
      return refuse({ code: 'not_found', what: 'principal' })
    return givePassword(tx, person, input.email, input.password)
  },
})

async function checkGiver(
  tx: Tx,
  actor: Actor,
  personId: string | undefined,
  currentPassword: string | undefined,
): Promise<Decision<undefined>> {
  if (personId !== actor.id)
    return actor.kind === 'human' && holdsAny(actor, ['admin'])
      ? accept(undefined)
      : refuse({ code: 'not_allowed', operation: 'password of another principal', roles: ['admin'] })
  if (currentPassword === undefined)
    return invalid('current_password', 'is needed to change your own password')
  // Guessed here, it would be known for signing too: so these guesses count with the others.
  if (await isLocked(tx, actor.id))
    return refuse({ code: 'gates_unmet', unmet: [{ code: 'signing_locked' }] })
  if (await verifyPassword(tx, actor.id, currentPassword)) return accept(undefined)
  const attemptsLeft = await recordWrongAttempt(tx, actor, 'password')
  return refuse({ code: 'not_signed', what: 'password', attemptsLeft })
}

/** Also used by host commands. Ends the person's sessions and queues the entry that says who gave the password. */
export async function givePassword(
  tx: Tx,
  person: LockedPrincipal,
  givenEmail: string | undefined,
  password: string,
): Promise<Decision<{ readonly principal: string; readonly email: string }>> {
  if (person.kind !== 'human' && person.kind !== 'vendor') return invalid('id', 'is not a person')
  const email = givenEmail ?? person.email
  if (email === null) return invalid('email', 'is needed: this person has none yet')
  const owner = { tenantId: tx.tenantId, principalId: person.id }
  const outcome = await tx.accounts.setPassword(owner, { name: person.name, email }, password)
  if (outcome === 'address_taken')
    return refuse({ code: 'already_exists', what: 'person with the address', name: email })
  if (outcome === 'address_differs') return invalid('email', 'is not the one that this person signs in with')
  if (outcome === 'elsewhere') return refuse({ code: 'account_elsewhere' })
  await tx.accounts.endSessions(owner)
  recordPasswordSet(tx, person, email)
  return accept({ principal: person.name, email })
}

type Person = Chained & Pick<LockedPrincipal, 'email' | 'locked_at'>

/** Queues the entry; the record's head was `person`. */
export function recordPasswordSet(tx: Tx, person: Person, email: string | null): void {
  const changes = changesBetween(['email'], person, { email })
  const head = tx.record({
    kind: 'principal',
    record: person,
    action: 'password_set',
    changes,
    newVersion: changes.length > 0,
    at: person.locked_at,
  })
  updateEmail(tx, person, email, head)
}

const invalid = (path: string, message: string): Decision<never> =>
  refuse({ code: 'invalid_input', errors: [{ path, message }] })
