/**
 * The offline verifier as the tests see it. It is plain JavaScript that a stranger runs as it is; the types
 * stand here, so that the file itself stays one file.
 */
import type { KeyObject } from 'node:crypto'

export type Finding = {
  readonly code: string
  readonly what: string
  readonly why: string
  readonly file?: string
  readonly record?: string
  readonly seq?: number
  readonly field?: string
  readonly signature?: string
}
export type PackOptions = {
  readonly checkpoint?: string
  readonly vkey?: string
  readonly witnesses?: readonly string[]
  readonly limits?: { readonly file: number; readonly total: number; readonly files: number }
}
export type Summary = {
  readonly log: { readonly size: number; readonly pinned: boolean; readonly cosigned: readonly unknown[] }
  readonly records: readonly {
    readonly number: string
    readonly entries: number
    readonly signatures: readonly { readonly id: string; readonly signer: string; readonly holds: boolean }[]
  }[]
}
export type Verdict = {
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly summary: Summary
}
type Proof = readonly Uint8Array[]
export type Note = { readonly size: number; readonly origin: string }
export type Vkey = { readonly name: string; readonly key: KeyObject }

export type Verifier = {
  readonly NotReadable: new (message: string) => Error
  readonly canonicalise: (value: unknown) => string
  readonly parseCanonical: (bytes: Uint8Array) => {
    readonly value: unknown
    readonly fault: string | undefined
  }
  readonly leafHash: (bytes: Uint8Array) => Buffer
  readonly verifyInclusion: (claim: {
    readonly index: number
    readonly size: number
    readonly leaf: Uint8Array
    readonly proof: Proof
    readonly root: Uint8Array
  }) => boolean
  readonly verifySubtreeInclusion: (claim: {
    readonly index: number
    readonly start: number
    readonly end: number
    readonly leaf: Uint8Array
    readonly proof: Proof
    readonly root: Uint8Array
  }) => boolean
  readonly verifyConsistency: (claim: {
    readonly from: number
    readonly to: number
    readonly oldRoot: Uint8Array
    readonly newRoot: Uint8Array
    readonly proof: Proof
  }) => boolean
  readonly verifySubtreeConsistency: (claim: {
    readonly start: number
    readonly end: number
    readonly size: number
    readonly node: Uint8Array
    readonly proof: Proof
    readonly root: Uint8Array
  }) => boolean
  readonly parseVkey: (text: string) => Vkey | undefined
  readonly parseNote: (text: string) => Note | string
  readonly verifyNote: (note: Note, vkey: Vkey) => 'right' | 'wrong' | 'absent'
  readonly verifyCosignature: (note: Note, witness: Vkey) => number | 'wrong' | 'absent'
  readonly readZip: (bytes: Uint8Array, limits?: PackOptions['limits']) => Map<string, Buffer>
  readonly verifyPack: (bytes: Uint8Array, options?: PackOptions) => Verdict
  readonly printResult: (verdict: Verdict, path: string, inColour?: boolean) => string
}

export const verifierPath = new URL('../../verify/docket-verify.mjs', import.meta.url)
export const verifier = (await import(verifierPath.href)) as Verifier

/** The verifier of whole trails, verify/docket-trail.mjs. */
export type TrailFinding = {
  readonly record?: string
  readonly seq?: number
  readonly field?: string
  readonly what: string
}
export type TrailVerdict = {
  readonly ok: boolean
  readonly findings: readonly TrailFinding[]
  readonly summary: { readonly entries: number; readonly leaves: number; readonly unsealed: number }
}
type TrailVerifier = {
  readonly recorded: { readonly [kind: string]: readonly string[] }
  beginTrail(): {
    take(line: string): void
    close(options?: { readonly checkpoint?: string }): TrailVerdict
  }
}

export const trailPath = new URL('../../verify/docket-trail.mjs', import.meta.url)
export const trailVerifier = (await import(trailPath.href)) as TrailVerifier
