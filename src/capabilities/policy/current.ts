/** The policy that stands now, and any earlier one: a version never changes. */
import { emptyPolicy } from '#domain/policy.ts'
import type { PolicyBody } from '#domain/policy.ts'
import type { Tx } from '#platform/tx.ts'
import { loadLastPolicy, loadPolicy } from './store.ts'

export type CurrentPolicy = { readonly version: number; readonly body: PolicyBody }

/** Version 0 and the empty policy when the tenant never set one. */
export async function loadCurrentPolicy(tx: Tx): Promise<CurrentPolicy> {
  const row = await loadLastPolicy(tx)
  return row === undefined ? { version: 0, body: emptyPolicy } : { version: row.version, body: row.body }
}

/** A version that a round names; undefined when it was never set. */
export async function loadPolicyVersion(tx: Tx, version: number): Promise<PolicyBody | undefined> {
  if (version === 0) return emptyPolicy
  return (await loadPolicy(tx, version))?.body
}
