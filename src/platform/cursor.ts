/** Cursors of pages: opaque to the caller, a small JSON value to us. One that we did not make is refused. */
import type { z } from 'zod'

export const toCursor = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')

/** Undefined when the text is not a cursor of this shape. */
export function parseCursor<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    const result = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
    return result.success ? result.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
