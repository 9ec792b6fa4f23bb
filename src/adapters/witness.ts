/**
 * Asks witnesses to cosign a checkpoint (C2SP tlog-witness, `add-checkpoint`). What a witness answers is believed
 * only with a signature of the key that the settings name for it.
 */
import { keyTypes, listSigners, parseNote, parseSignature, parseVkey } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { SetupProblem, Unavailable } from '#platform/error.ts'
import { exchange } from './exchange.ts'
import type { Answer } from './exchange.ts'

const timeoutMs = 5000
const mostBytes = 16 * 1024

/** A signed note, the size that the witness is thought to have cosigned last, and the RFC 6962 proof from there. */
export type Offer = { readonly note: string; readonly oldSize: number; readonly proof: readonly Buffer[] }
export type CosignAnswer =
  | { readonly kind: 'cosigned'; readonly line: string }
  | { readonly kind: 'has'; readonly size: number }
  | { readonly kind: 'inconsistent' | 'refused'; readonly why: string }
export type Witness = {
  readonly name: string
  /** Throws `Unavailable` when the witness is away, busy or broken. */
  readonly cosign: (offer: Offer) => Promise<CosignAnswer>
}

/** The witnesses of a setting `URL#vkey,URL#vkey`; none when it is unset. Throws SetupProblem. */
export function openWitnesses(setting: string | undefined): Witness[] {
  const pieces = (setting ?? '').split(',').map((piece) => piece.trim())
  const witnesses = pieces.filter((piece) => piece !== '').map(parseWitness)
  const names = witnesses.map(({ verifier }) => verifier.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw toProblem(`two witnesses are called ${twice}`)
  return witnesses.map(({ url, verifier }) => ({
    name: verifier.name,
    cosign: (offer) => askCosign(url, verifier, offer),
  }))
}

const toProblem = (why: string): SetupProblem =>
  new SetupProblem(
    `Settings: DOCKET_WITNESSES: ${why}; it is URL#vkey for each witness, separated by commas.`,
  )

function parseWitness(piece: string): { url: string; verifier: Verifier } {
  const at = piece.indexOf('#')
  const prefix = at < 0 ? piece : piece.slice(0, at)
  const verifier = at < 0 ? undefined : parseVkey(piece.slice(at + 1))
  if (!URL.canParse(prefix) || !/^https?:$/.test(new URL(prefix).protocol))
    throw toProblem(`"${prefix}" is no http address`)
  if (verifier?.type !== keyTypes.cosignature)
    throw toProblem(`"${piece}" has no vkey of a witness behind its #`)
  return { url: `${prefix.replace(/\/+$/, '')}/add-checkpoint`, verifier }
}

async function askCosign(url: string, verifier: Verifier, offer: Offer): Promise<CosignAnswer> {
  const lines = offer.proof.map((hash) => `${hash.toString('base64')}\n`)
  const body = `old ${offer.oldSize}\n${lines.join('')}\n${offer.note}`
  const answer = await exchange({
    url,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body,
    timeoutMs,
    mostBytes,
  })
  return readAnswer(answer, verifier, offer.note)
}

function readAnswer({ status, type, body }: Answer, verifier: Verifier, note: string): CosignAnswer {
  const text = body.toString('utf8')
  if (status === 200) return findCosignature(text, verifier, note)
  if (status === 409 && type === 'text/x.tlog.size' && /^(?:0|[1-9]\d{0,14})\n$/.test(text))
    return { kind: 'has', size: Number(text) }
  if (status === 429 || status >= 500) throw new Unavailable(`the witness ${verifier.name} answers ${status}`)
  const why = `${status} ${text.split('\n', 1)[0]?.slice(0, 200) ?? ''}`
  return { kind: status === 422 ? 'inconsistent' : 'refused', why }
}

/** The witness's own line; those of keys that we do not know are passed over. */
function findCosignature(text: string, verifier: Verifier, note: string): CosignAnswer {
  const signed = parseNote(note)
  const line = text.split('\n').find((given) => {
    const signature = parseSignature(given)
    return (
      signed !== undefined &&
      signature !== undefined &&
      listSigners({ text: signed.text, signatures: [signature] }, [verifier]).length === 1
    )
  })
  return line === undefined
    ? { kind: 'refused', why: `its answer has no valid signature of ${verifier.name}` }
    : { kind: 'cosigned', line }
}
