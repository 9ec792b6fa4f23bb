/**
 * An operation is one thing a principal can do. It is declared once; the HTTP route, the OpenAPI page, the
 * MCP tool, the CLI command and the permission matrix are all read off it.
 */
import type { z } from 'zod'
import type { Actor, GrantedRole, PrincipalKind } from '#domain/principal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Tx } from './tx.ts'

export type OperationName = `${string}.${string}`
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Who may call it at all; what may be done to which record is decided by the domain. */
export type Permission = {
  readonly kinds: readonly PrincipalKind[]
  /** Any one of these granted roles; `any` leaves it to the domain. */
  readonly roles: 'any' | readonly GrantedRole[]
}

/** Where an operation thinks: nothing of the database is held. */
export type Thinking = {
  /** Aborted when nobody waits for the answer any more: whoever thinks stops then, and throws its reason. */
  readonly signal: AbortSignal
}

export type Operation<N extends OperationName = OperationName, I = unknown, O = unknown, V = O> = {
  readonly name: N
  readonly summary: string
  readonly http: readonly [Method, `/${string}`]
  /** HTTP status of success; 200 unless said. */
  readonly status?: 201 | 204
  readonly permission: Permission
  readonly mutates: boolean
  /** The body of the request is a file, staged by the edge and handed over as `input.file`. */
  readonly upload?: true
  /** The answer is a file: `output` describes it and the edge streams it. */
  readonly download?: true
  /** A member of the answer is a document of its own: HTTP gives it as this type to who asks for it, the command prints it. */
  readonly document?: { readonly member: string; readonly type: `${string}/${string}` }
  /** A member of the input is a document of its own: HTTP takes it as a body of this type too, the command from a file. */
  readonly takes?: { readonly member: string; readonly type: `${string}/${string}` }
  /** MCP tool name where it is not the operation's own with an underscore; `false` keeps it off MCP. */
  readonly mcp?: string | false
  /** Does something outside the transaction (an account, a key): a used idempotency key is looked up before that. */
  readonly reachesOut?: true
  /** Waits for the lock of a tree: what waits for its turn in this process holds no connection. */
  readonly locksTree?: true
  /** Loads much and reckons for some ten milliseconds: one of a tenant at a time. */
  readonly reckons?: true
  /** Members of the input that leave no trace, not even in the hash that tells two requests apart. */
  readonly secret?: readonly string[]
  /** What of the answer may be kept for its idempotency key; an answer with a secret keeps all but that. */
  redact?(output: O): O
  /** Arguments of a CLI call that works on the demo data. */
  readonly example?: string
  readonly input: z.ZodType<I>
  readonly output: z.ZodType<O>
  run(tx: Tx, actor: Actor, input: I): Promise<Decision<V>>
  /** What takes long: the answer out of what `run` loaded, once its transaction is over. See `thinkingOperation`. */
  think?(loaded: V, thinking: Thinking): Promise<Decision<O>>
}

export const operation = <const N extends OperationName, I, O>(
  declared: Operation<N, I, O> & { readonly think?: never },
): Operation<N, I, O> => declared

/**
 * One that loads in `run` and then thinks for seconds, holding no transaction and no connection. It changes nothing, and
 * does its thinking in another thread. One of a tenant runs at a time, from its loading on; others wait for their turn.
 */
export const thinkingOperation = <const N extends OperationName, I, O, V>(
  declared: Operation<N, I, O, V> &
    Required<Pick<Operation<N, I, O, V>, 'think'>> & { readonly mutates: false },
): Operation<N, I, O, V> => declared

export const everyone: Permission = { kinds: ['human', 'agent', 'vendor', 'system'], roles: 'any' }
export const staff: Permission = { kinds: ['human', 'agent', 'system'], roles: 'any' }
export const administrators: Permission = { kinds: ['human'], roles: ['admin'] }
