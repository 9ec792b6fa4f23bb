/** The shapes of delegations at the doors. */
import { z } from 'zod'
import { toStatus } from '#domain/delegation.ts'
import { lifecycleNames } from '#domain/lifecycles.ts'
import { signingRoles } from '#domain/policy.ts'
import { grantedRoles } from '#domain/principal.ts'
import { inOurTimes, line, principalRef } from '../work-order/schema.ts'
import type { DelegationRow } from './store.ts'

const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')

export const proposeInput = z.strictObject({
  from: principalRef
    .optional()
    .describe(
      'the caller when left out; an administrator may propose for somebody else, who must accept too',
    ),
  to: principalRef,
  roles: z.array(z.enum(signingRoles)).min(1).max(signingRoles.length),
  lifecycles: z.array(z.enum(lifecycleNames)).min(1).max(3).optional().describe('all when left out'),
  work_categories: z.array(line(200)).min(1).max(50).optional().describe('all when left out'),
  regulatory: z
    .boolean()
    .optional()
    .describe('only regulatory work orders, or only others; both when left out'),
  starts_at: instant.optional().describe('now when left out'),
  ends_at: instant.describe('30 days after the start at the latest'),
  reason: line(2000),
})
export type ProposeInput = z.output<typeof proposeInput>

export const delegationView = z.object({
  id: z.uuid(),
  status: z.enum(['proposed', 'accepted', 'active', 'ended', 'declined', 'revoked']),
  delegator: z.string(),
  delegator_id: z.uuid(),
  delegate: z.string(),
  delegate_id: z.uuid(),
  roles: z.array(z.enum(grantedRoles)),
  lifecycles: z.array(z.string()).nullable(),
  work_categories: z.array(z.string()).nullable(),
  regulatory: z.boolean().nullable(),
  starts_at: z.string(),
  ends_at: z.string(),
  reason: z.string(),
  delegator_accepted_at: z.string().nullable(),
  delegate_accepted_at: z.string().nullable(),
  declined_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  version: z.int(),
  created_at: z.string(),
})
export type DelegationView = z.output<typeof delegationView>

export const toView = (row: DelegationRow, at: string): DelegationView => ({
  id: row.id,
  status: toStatus(row, at),
  delegator: row.delegator,
  delegator_id: row.delegator_id,
  delegate: row.delegate,
  delegate_id: row.delegate_id,
  roles: [...row.roles],
  lifecycles: row.lifecycles === null ? null : [...row.lifecycles],
  work_categories: row.work_categories === null ? null : [...row.work_categories],
  regulatory: row.regulatory,
  starts_at: row.starts_at,
  ends_at: row.ends_at,
  reason: row.reason,
  delegator_accepted_at: row.delegator_accepted_at,
  delegate_accepted_at: row.delegate_accepted_at,
  declined_at: row.declined_at,
  revoked_at: row.revoked_at,
  version: row.version,
  created_at: row.created_at,
})
