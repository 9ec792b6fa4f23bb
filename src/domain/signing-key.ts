/**
 * Rules about a person's signing keys (21 CFR 11.100, 11.200, 11.300): who confirms that a key is a person's,
 * who revokes it, when wrong attempts lock signing. A key is confirmed by a second person, and never by one
 * who could sign in as its owner.
 */
import { parseInstant, toInstant } from './instant.ts'
import { holdsAny } from './principal.ts'
import type { Actor, GrantedRole } from './principal.ts'
import { accept, refuse } from './refusal.ts'
import type { Decision } from './refusal.ts'

export type KeyStatus = 'pending' | 'active' | 'revoked'
type Caller = Pick<Actor, 'id' | 'kind' | 'grants'>

/** Who may confirm that a key is the person's whose name it bears. */
export const provers: readonly GrantedRole[] = ['admin', 'qa']
/** Who sees everybody's keys. */
export const keyReaders: readonly GrantedRole[] = ['admin', 'qa', 'auditor']

export const mostWrongAttempts = 5
const attemptWindowMicros = 15 * 60 * 1_000_000

/** Attempts before this no longer count towards a lock. */
export const toAttemptWindow = (at: string): string => toInstant(parseInstant(at) - attemptWindowMicros)

/** After one more wrong attempt, with those before it in the window: how many are left before signing is locked. */
export const countAttemptsLeft = (before: number): number => Math.max(0, mostWrongAttempts - before - 1)

/** Whose keys may be seen. */
export const maySeeKeysOf = (caller: Caller, ownerId: string): boolean =>
  caller.id === ownerId || (caller.kind === 'human' && holdsAny(caller, keyReaders))

export type ProofFacts = {
  readonly status: KeyStatus
  readonly ownerId: string
  readonly ownerIsDisabled: boolean
  /** Who gave the owner a password: they could have signed in and enrolled the key themselves. */
  readonly passwordGivers: readonly string[]
}

/**
 * May the caller say that this key is its owner's? Who gave the owner a password may not: else one person
 * alone could make a key in another's name (11.200(a)(3)).
 */
export function decideConfirm(caller: Caller, facts: ProofFacts): Decision<undefined> {
  if (caller.kind !== 'human' || !holdsAny(caller, provers))
    return refuse({ code: 'not_allowed', operation: 'signing_key.confirm', roles: provers })
  if (caller.id === facts.ownerId) return refuse({ code: 'second_person_required', rule: 'owner' })
  if (facts.passwordGivers.includes(caller.id))
    return refuse({ code: 'second_person_required', rule: 'password_giver' })
  if (facts.ownerIsDisabled) return refuse({ code: 'not_found', what: 'principal' })
  if (facts.status !== 'pending') return refuse({ code: 'wrong_key_status', current: facts.status })
  return accept(undefined)
}

/** The owner, or an administrator; a key that is not theirs to see is not there. */
export function decideRevoke(
  caller: Caller,
  facts: Pick<ProofFacts, 'status' | 'ownerId'>,
): Decision<undefined> {
  const isAdmin = caller.kind === 'human' && holdsAny(caller, ['admin'])
  if (caller.id !== facts.ownerId && !isAdmin)
    return maySeeKeysOf(caller, facts.ownerId)
      ? refuse({ code: 'not_allowed', operation: "revocation of another person's key", roles: ['admin'] })
      : refuse({ code: 'not_found', what: 'signing key' })
  if (facts.status === 'revoked') return refuse({ code: 'wrong_key_status', current: facts.status })
  return accept(undefined)
}

/** Nobody unlocks himself: who can guess at will is not locked. */
export function decideUnlock(caller: Caller, personId: string): Decision<undefined> {
  if (caller.kind !== 'human' || !holdsAny(caller, ['admin']))
    return refuse({ code: 'not_allowed', operation: 'signing.unlock', roles: ['admin'] })
  if (caller.id === personId) return refuse({ code: 'second_person_required', rule: 'locked' })
  return accept(undefined)
}

/** Raised when the text is changed; who attested an older one attests again before the next signature. */
export const attestationVersion = 1

/** What a person attests before the first signature (21 CFR 11.10(j), 11.100(c), 11.300). */
export const attestationText = `1. My electronic signature in this system is the legally binding equivalent of my handwritten signature.
2. I sign only what I have read, and only for the meaning that is shown to me: by signing I approve that version of that record, in the role that is shown.
3. My password, my passphrase and the devices that hold my signing keys are mine alone. I lend and tell them to nobody, administrators included, and I use nobody else's.
4. If I have lost a signing key or a device that holds one, or if I suspect that somebody else knows my password or passphrase, I revoke the key or report it at once.
5. I am accountable for every action that is initiated under my electronic signature.`
