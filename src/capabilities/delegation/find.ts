/** Delegations as a decision about a signature needs them. */
import type { DelegationFacts } from '#domain/delegation.ts'
import type { Tx } from '#platform/tx.ts'
import { listFactsTo } from './store.ts'

/**
 * Every delegation ever given to this person, newest first, each with its delegator's grants as they are now.
 * Which of them may be used is for `covers` and `delegatorHolds`.
 */
export const listDelegationsTo = (tx: Tx, delegateId: string): Promise<DelegationFacts[]> =>
  listFactsTo(tx, delegateId)
