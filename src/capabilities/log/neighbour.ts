/**
 * What the log asks of others outside: witnesses that cosign it, an authority that dates it, and somebody who
 * hears of a mismatch. Function types only: the adapters that fulfil them are handed in from outside.
 */

import type { Config } from '#platform/config.ts'
import type { ReadSecret } from '#platform/secret.ts'

/** A checkpoint for a witness, with the proof that it continues what the witness has seen. */
export type Offer = {
  /** The note as the log signed it. */
  readonly note: string
  /** Size that the witness last cosigned, 0 for none; RFC 6962 consistency proof from there, innermost first. */
  readonly oldSize: number
  readonly proof: readonly Buffer[]
}

export type CosignAnswer =
  /** The witness's line, its signature checked. */
  | { readonly kind: 'cosigned'; readonly line: string }
  /** It cosigned another size last than the one that was said. */
  | { readonly kind: 'has'; readonly size: number }
  /** It has seen another log under this name: the checkpoint does not continue what it cosigned. */
  | { readonly kind: 'inconsistent'; readonly why: string }
  /** It does not know the log or its key, or does not answer as a witness does. */
  | { readonly kind: 'refused'; readonly why: string }

/** Throws `Unavailable` when the witness is away. */
export type Cosign = (offer: Offer) => Promise<CosignAnswer>
export type Witness = { readonly name: string; readonly cosign: Cosign }

/** A token that was checked; `at` is the authority's time (RFC 3339), `tsa` who signed it. */
export type Stamped = { readonly token: Buffer; readonly at: string; readonly tsa: string }
export type Timestamp = (bytes: Buffer) => Promise<Stamped>

/** What is outside of this installation, as its settings say. */
export type Neighbours = {
  readonly witnesses: readonly Witness[]
  readonly timestamp: Timestamp | undefined
}

/** With where references to secrets lead, which is none of the log's business. */
export type OpenNeighbours = (config: Config) => Neighbours & { readonly readSecret: ReadSecret }

/** What does not fit, for people (`what`) and for finding the place. */
export type Mismatch = {
  readonly what: string
  /** Names the place and the kind of damage: the same key is the same damage. */
  readonly key: string
  readonly leaf_index?: number
  readonly entry_id?: string
  readonly record_id?: string
  readonly tree_size?: number
  /** More places in the same piece of the log that do not fit either. */
  readonly more?: number
}

/** Opens a finding that holds what is regulatory, and returns when it is recorded. */
export type RaiseMismatch = (
  tenantId: string,
  mismatch: { readonly kind: 'log_mismatch'; readonly detail: Mismatch },
) => Promise<void>
