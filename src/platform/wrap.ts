/**
 * Wrapping what must not lie open in the database (private keys, tickets) under a key of the installation's
 * secret: AES-256-GCM (NIST SP 800-38D) under HKDF-SHA-256 (RFC 5869). The purpose is part of the key, so what
 * was wrapped for one purpose, tenant or row opens for no other; `extra` makes it need a second secret as well.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

export type Wrap = {
  /** nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes). */
  wrap(purpose: string, bytes: Uint8Array, extra?: Uint8Array): Buffer
  /** Undefined when it was wrapped for another purpose, under other secrets, or was changed. */
  unwrap(purpose: string, wrapped: Uint8Array, extra?: Uint8Array): Buffer | undefined
}

export function openWrap(secret: string): Wrap {
  const keyOf = (purpose: string, extra: Uint8Array = Buffer.alloc(0)): Uint8Array =>
    new Uint8Array(
      hkdfSync('sha256', Buffer.concat([Buffer.from(secret), extra]), '', `docket/wrap/v1/${purpose}`, 32),
    )
  return {
    wrap(purpose, bytes, extra) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', keyOf(purpose, extra), nonce)
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    },
    unwrap(purpose, wrapped, extra) {
      if (wrapped.length < nonceBytes + tagBytes) return undefined
      const nonce = wrapped.subarray(0, nonceBytes)
      const cipher = createDecipheriv('aes-256-gcm', keyOf(purpose, extra), nonce, {
        authTagLength: tagBytes,
      })
      cipher.setAuthTag(wrapped.subarray(-tagBytes))
      const bytes = cipher.update(wrapped.subarray(nonceBytes, -tagBytes))
      try {
        return Buffer.concat([bytes, cipher.final()])
      } catch {
        // The one thing that `final` throws for: the tag is not that of these bytes under this key.
        return undefined
      }
    },
  }
}
