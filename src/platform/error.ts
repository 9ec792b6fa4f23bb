/**
 * The two kinds of trouble that are thrown. A refusal is a value (domain/refusal.ts) and never thrown by a
 * rule; a defect is an assertion that nobody catches. What is left is the world being away, and a machine
 * on which Docket cannot start: both carry one sentence that says what to do.
 */

/** The world is away (database, neighbour): the same request may succeed later. HTTP 503, CLI exit 75. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  /** Seconds after which it is worth trying again. */
  readonly retryAfterSeconds: number
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, { cause: options.cause })
    this.retryAfterSeconds = options.retryAfterSeconds ?? 2
  }
}

/** Docket cannot start here; the message is the one sentence that says what to do. CLI exit 78. */
export class SetupProblem extends Error {
  override readonly name = 'SetupProblem'
}
