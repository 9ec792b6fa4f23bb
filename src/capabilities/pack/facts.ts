/** What is known of one record when its pages are made; read from one moment of the database. */
import type { EntryBody } from '#domain/entry.ts'
import type { WorkOrderRow } from '../work-order/store.ts'
import type { AttachmentRow, DelegationRow, SignatureRow } from './store.ts'

export type ReadEntry = {
  readonly id: string
  readonly body: EntryBody
  /** Exactly as they were hashed. */
  readonly bytes: Buffer
  /** SHA-256(0x00 ‖ bytes), hex. */
  readonly leaf: string
  /** Undefined for an entry that the log does not hold, which is damage. */
  readonly leafIndex: number | undefined
}

/** A file, and where it lies in the folder of its record. */
export type PackedFile = AttachmentRow & { readonly path: string }

export type LogFacts = {
  readonly origin: string
  readonly size: number
  /** Hex. */
  readonly root: string
  readonly sealedAt: string
}

export type RecordFacts = {
  readonly tenantName: string
  readonly workOrder: WorkOrderRow
  /** SHA-256 of record.json, hex. */
  readonly recordHash: string
  readonly entries: readonly ReadEntry[]
  readonly signatures: readonly SignatureRow[]
  readonly delegations: ReadonlyMap<string, DelegationRow>
  readonly attachments: readonly PackedFile[]
  readonly log: LogFacts
  readonly madeAt: string
  /** `Name`, or `Name (agent)` for whoever is not a person. */
  readonly nameOf: (principalId: string) => string
  readonly tagOf: (assetId: string) => string
}
