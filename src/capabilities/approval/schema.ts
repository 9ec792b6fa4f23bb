/** The shapes of signing at the doors. */
import { z } from 'zod'
import { grantedRoles } from '#domain/principal.ts'
import { assertionSchema } from '../signing-key/passkey.ts'
import { line, text, workOrderRef, workOrderView } from '../work-order/schema.ts'

const gates = ['release', 'completion', 'waiver'] as const

function isTimeZone(value: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export const intentInput = z.strictObject({
  id: workOrderRef,
  gate: z.enum(gates),
  role: z.enum(grantedRoles),
  meaning: z
    .enum(['approved', 'waived'])
    .optional()
    .describe('what the signature says: waived at the gate waiver, approved at every other'),
  signing_key: z.uuid().optional().describe('its id; the first one in force when left out'),
  time_zone: line(60)
    .refine(isTimeZone, 'is not the IANA name of a time zone, such as Europe/Berlin')
    .default('UTC')
    .describe('IANA name of the zone in which you read the time'),
})

export const intentView = z.object({
  id: z.uuid(),
  expires_at: z.string(),
  text: z.string().describe('what you sign, made from the statement alone: read it'),
  statement: z.string().describe('canonical JSON, exactly the bytes that the signature covers'),
  statement_hash: z.string().describe('SHA-256 of the statement, hex: the challenge of a passkey'),
  key: z.object({ id: z.uuid(), kind: z.enum(['passkey', 'passphrase']), label: z.string() }),
  options: z.unknown().nullable().describe('for navigator.credentials.get, when the key is a passkey'),
})

export const signInput = z.strictObject({
  intent: z.uuid(),
  password: z.string().min(1).max(256).describe('of your account'),
  passphrase: z.string().min(1).max(256).optional().describe('of your signing key, when it is not a passkey'),
  assertion: assertionSchema.optional().describe('what the authenticator answered, when it is a passkey'),
})

export const signatureView = z.object({
  id: z.uuid(),
  gate: z.enum(gates),
  round: z.int(),
  role: z.string(),
  meaning: z.enum(['approved', 'waived']),
  signer: z.string(),
  signer_id: z.uuid(),
  on_behalf_of: z.string().nullable(),
  delegation_id: z.uuid().nullable(),
  version: z.int(),
  standing: z.string().describe('for which version it is valid, and what superseded it'),
  signed_at: z.string(),
  signed_at_local: z.string(),
  key_id: z.uuid(),
  key_kind: z.enum(['passkey', 'passphrase']),
  certificate_sha256: z.string(),
  statement_hash: z.string(),
  text: z.string(),
})
export type SignatureView = z.output<typeof signatureView>

export const signedView = z.object({ signature: signatureView, work_order: workOrderView })

export const rejectionInput = z.strictObject({
  id: workOrderRef,
  reason: line(2000),
  review_notes: text(50_000).optional(),
})

export const approvalsView = z.object({
  work_order: z.object({ id: z.uuid(), number: z.string(), version: z.int(), status: z.string() }),
  data: z.array(
    z.object({
      gate: z.enum(gates),
      round: z.int(),
      status: z.enum(['open', 'passed', 'returned', 'withdrawn']),
      policy_version: z.int(),
      ordered: z.boolean(),
      opened_at: z.string(),
      closed_at: z.string().nullable(),
      requirements: z.array(
        z.object({
          role: z.string(),
          count: z.int(),
          signed: z.int(),
          due_at: z.string().nullable(),
          who: z.array(z.string()),
        }),
      ),
      signatures: z.array(signatureView),
    }),
  ),
})

export const pendingInput = z.strictObject({
  cursor: text(1000).optional(),
  limit: z.int().min(1).max(200).default(200).describe('looked at; of these, a page has what is for you'),
})
export const pendingPlace = z.object({
  due_at: z.iso.datetime().nullable(),
  opened_at: z.iso.datetime(),
  round_id: z.uuid(),
  role: z.string().max(100),
})
export const pendingView = z.object({
  data: z.array(
    z.object({
      work_order_id: z.uuid(),
      number: z.string(),
      title: z.string(),
      gate: z.enum(gates),
      role: z.string(),
      for: z.string().nullable().describe('whose signature it is, when you would sign under a delegation'),
      opened_at: z.string(),
      due_at: z.string().nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
})
