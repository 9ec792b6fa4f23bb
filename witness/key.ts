/**
 * The key of a witness: Ed25519, made at the first start and never again. It stands in its folder in the form of
 * signed-note's private keys, `PRIVATE+KEY+<name>+<key hash>+<base64(type ‖ seed)>`, readable by its user only.
 */
import { createPrivateKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { keyTypes, toVerifier } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { syncFolder, WitnessProblem } from './record.ts'

export type WitnessKey = { readonly verifier: Verifier; readonly key: KeyObject }

/** ASN.1 around the 32 bytes of a private key (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const toKey = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })

/** Reads the key of the folder, or makes it there. The name is given at the first start and kept. */
export function openKey(folder: string, name: string): WitnessKey {
  const path = join(folder, 'key')
  if (!existsSync(path)) {
    if (existsSync(join(folder, 'checkpoints.jsonl')))
      throw new WitnessProblem(`${path} is gone, but what it signed is there: restore the key.`)
    makeKey(path, name)
    syncFolder(folder)
  }
  const [, given = '', keyHash = '', encoded = ''] =
    /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+(\S+)\s*$/.exec(readFileSync(path, 'utf8')) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes[0] !== keyTypes.cosignature || bytes.length !== 33)
    throw new WitnessProblem(`${path} holds no key of a witness: restore it.`)
  const key = toKey(bytes.subarray(1))
  const verifier = toVerifier(given, keyTypes.cosignature, key)
  if (verifier.keyHash !== keyHash) throw new WitnessProblem(`${path} is damaged: restore it.`)
  return { verifier, key }
}

function makeKey(path: string, name: string): void {
  const seed = randomBytes(32)
  const { keyHash } = toVerifier(name, keyTypes.cosignature, toKey(seed))
  const encoded = Buffer.concat([Buffer.of(keyTypes.cosignature), seed]).toString('base64')
  const file = openSync(path, 'wx', 0o600)
  writeSync(file, `PRIVATE+KEY+${name}+${keyHash}+${encoded}\n`)
  fsyncSync(file)
  closeSync(file)
}
