/**
 * What a witness decides about one request of the C2SP tlog-witness protocol, without I/O: the body of
 * `add-checkpoint` is read, and held against the last checkpoint that was cosigned. The rule to remember: of one
 * log, never two roots of one size, and never a smaller size than before.
 */
import { hash } from 'node:crypto'
import { listSigners, parseCheckpoint, parseNote } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { emptyRoot, hashBytes, verifyConsistency } from '#domain/merkle.ts'

const mostProofLines = 63

/** What the witness last cosigned of a log. */
export type Seen = { readonly size: number; readonly root: Buffer }
/** A checkpoint that may be cosigned: consistent with what was seen. `text` is what a cosignature covers. */
export type Accepted = Seen & { readonly origin: string; readonly note: string; readonly text: string }
/** `signed`: the log itself signed what is refused, so it is worth keeping as evidence. */
export type Refused = {
  readonly status: 400 | 403 | 404 | 409 | 422
  readonly why: string
  readonly signed?: { readonly origin: string; readonly note: string }
  /** With 409: the size that the witness has. */
  readonly has?: number
}

type Request = { readonly oldSize: number; readonly proof: readonly Buffer[]; readonly note: string }

/** `old <size>`, proof lines in base64, an empty line, the checkpoint; undefined when it is not that. */
function parseRequest(body: string): Request | undefined {
  const end = body.indexOf('\n\n')
  const [head = '', ...lines] = body.slice(0, Math.max(end, 0)).split('\n')
  const digits = /^old (0|[1-9]\d{0,15})$/.exec(head)?.[1]
  const proof = lines.map((line) => Buffer.from(line, 'base64'))
  const exact = proof.every((piece, i) => piece.length === hashBytes && piece.toString('base64') === lines[i])
  if (digits === undefined || !exact || lines.length > mostProofLines) return undefined
  return { oldSize: Number(digits), proof, note: body.slice(end + 2) }
}

/** In the order of the protocol: form, origin, signature, sizes, proof. */
export function decideCheckpoint(
  body: string,
  logs: readonly Verifier[],
  lastOf: (origin: string) => Seen | undefined,
): Accepted | Refused {
  const request = parseRequest(body)
  const note = request === undefined ? undefined : parseNote(request.note)
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text)
  if (request === undefined || note === undefined || checkpoint === undefined)
    return { status: 400, why: 'not a request of add-checkpoint' }
  const { origin, size, root } = checkpoint
  const trusted = logs.filter(({ name }) => name === origin)
  if (trusted.length === 0) return { status: 404, why: `no log ${origin} is known here` }
  if (listSigners(note, trusted).length === 0)
    return { status: 403, why: 'no valid signature of a key that is known for this log' }
  const signed = { origin, note: request.note }
  if (request.oldSize > size) return { status: 400, why: 'the old size is above the new one' }
  // Before anything was seen, the log was empty: that has one root, and so has a checkpoint of no entries.
  const last = lastOf(origin) ?? { size: 0, root: emptyRoot }
  if (request.oldSize !== last.size)
    return { status: 409, why: `${last.size} was cosigned last`, has: last.size, signed }
  const unlike = findInconsistency(last, { size, root }, request.proof)
  if (unlike !== undefined) return { status: 422, why: unlike, signed }
  return { origin, size, root, note: request.note, text: note.text }
}

function findInconsistency(last: Seen, next: Seen, proof: readonly Buffer[]): string | undefined {
  if (last.size === 0 || last.size === next.size) {
    if (proof.length > 0) return 'nothing needs to be proved here, so the proof must be empty'
    return last.size === next.size && !last.root.equals(next.root)
      ? `another root of size ${last.size} was cosigned`
      : undefined
  }
  const holds = verifyConsistency({
    from: last.size,
    to: next.size,
    rootFrom: last.root,
    rootTo: next.root,
    proof,
  })
  return holds ? undefined : `the proof does not lead from what was cosigned at size ${last.size}`
}

/** Under which name a log's last checkpoint is read: SHA-256 of its origin, hex. */
export const toOriginHash = (origin: string): string => hash('sha256', origin, 'hex')
