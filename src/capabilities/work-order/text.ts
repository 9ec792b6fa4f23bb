/** Text at the doors. */
import { z } from 'zod'

/** Text that PostgreSQL can hold: no NUL, and no half of a surrogate pair. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'has a character that cannot be stored')
export const line = (max: number) => text(max).refine((value) => value.trim() !== '', 'must not be blank')
