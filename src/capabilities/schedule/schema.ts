/** What the questions about people and time have in common: who may ask, windows and currencies. */
import { z } from 'zod'
import type { GrantedRole } from '#domain/principal.ts'
import type { Permission } from '#platform/operation.ts'
import { inOurTimes } from '../work-order/schema.ts'

const planners: readonly GrantedRole[] = ['assigner', 'captain', 'system_owner', 'qa', 'admin']
/** What people cost is in the answers. */
export const permission: Permission = { kinds: ['human', 'agent', 'system'], roles: planners }

const instant = z.iso.datetime({ offset: true }).refine(inOurTimes, 'must be between 1900 and 2199')
export const window = z.strictObject({ start: instant, end: instant })
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be a code such as EUR')
  .default('EUR')
