/** What goes into and comes out of the operations on signing keys. */
import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { toFingerprint } from './certificate.ts'
import { keyKinds, keyStatuses } from './store.ts'
import type { ShownKey } from './store.ts'

export const keyView = z.object({
  id: z.uuid(),
  principal: z.string(),
  principal_id: z.uuid(),
  kind: z.enum(keyKinds),
  status: z.enum(keyStatuses),
  label: z.string(),
  enrolled_at: z.string(),
  proofed_by: z.string().nullable(),
  proofed_at: z.string().nullable(),
  proof_note: z.string().nullable(),
  revoked_at: z.string().nullable(),
  revoked_by: z.string().nullable(),
  revocation_reason: z.string().nullable(),
  certificate_sha256: z.string().nullable().describe('SHA-256 of the certificate (DER), hex'),
})
export type KeyView = z.output<typeof keyView>

export const certifiedKeyView = keyView.extend({
  certificate: z.string().nullable().describe('X.509, PEM; null before somebody has confirmed the key'),
})

export const toKeyView = (key: ShownKey): KeyView => ({
  id: key.id,
  principal: key.principal,
  principal_id: key.principal_id,
  kind: key.kind,
  status: key.status,
  label: key.label,
  enrolled_at: key.enrolled_at,
  proofed_by: key.proofed_by_name,
  proofed_at: key.proofed_at,
  proof_note: key.proof_note,
  revoked_at: key.revoked_at,
  revoked_by: key.revoked_by_name,
  revocation_reason: key.revocation_reason,
  certificate_sha256: key.certificate === null ? null : toFingerprint(key.certificate),
})

export const toCertifiedKeyView = (key: ShownKey): z.output<typeof certifiedKeyView> => ({
  ...toKeyView(key),
  certificate: key.certificate === null ? null : new X509Certificate(key.certificate).toString(),
})
