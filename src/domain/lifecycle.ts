/**
 * The form of a lifecycle: states with a category and their editable fields, and the transitions with who
 * may take them and what they need. It is data; `lifecycles.ts` lists the ones that ship, and
 * `lifecycle-check.ts` proves that each is sound.
 */
import type { GrantedRole, Role } from './principal.ts'
import type { EditableField } from './work-order.ts'

export const categories = [
  'initial',
  'planning',
  'ready',
  'active',
  'held',
  'review',
  'done',
  'abandoned',
] as const
export type Category = (typeof categories)[number]
/** Lists hide these unless asked. */
export const finalCategories: readonly Category[] = ['done', 'abandoned']

export type State = {
  readonly category: Category
  /** What may be changed here, and by which roles; a field that is not listed is locked. */
  readonly editable: readonly EditRule[]
}
export type EditRule = { readonly by: readonly Role[]; readonly fields: readonly EditableField[] }

/** A gate that signatures open: the roles that must sign, by what kind of work order it is. */
export type SignatureGate = {
  readonly name: 'release' | 'completion'
  readonly always: readonly GrantedRole[]
  readonly regulatory: readonly GrantedRole[]
}

/** What is signed: a gate of the lifecycle, or a waiver, which is asked for beside it. */
export type GateName = SignatureGate['name'] | 'waiver'

export type Transition = {
  readonly name: string
  readonly from: string
  readonly to: string
  /** Any one of these roles; `approver` stands for the gate's roles, or `by` when the gate needs none. */
  readonly by: readonly Role[]
  /** Given with this request. */
  readonly given?: readonly string[]
  /** Given with this request, or on the record already. */
  readonly fields?: readonly string[]
  /** As `fields`, for regulatory work orders only. */
  readonly regulatoryFields?: readonly string[]
  readonly onlyNonRegulatory?: true
  readonly acknowledged?: true
  readonly gate?: SignatureGate
  /** Taken by an approver of that gate, who turns the work back. */
  readonly turnsBack?: SignatureGate
  /** The decision of an approver: separation of duties applies. */
  readonly approves?: true
  /** Who takes it has done the work: counts as an executor from then on. */
  readonly executes?: true
  readonly opensRevision?: true
}

export type Lifecycle = {
  readonly name: string
  readonly version: number
  readonly initial: string
  readonly states: { readonly [state: string]: State }
  readonly transitions: readonly Transition[]
}

/** Roles whose signatures the gate needs for this work order; empty when it needs none. */
export function requiredSignatures(
  gate: SignatureGate | undefined,
  regulatory: boolean,
): readonly GrantedRole[] {
  if (gate === undefined) return []
  return regulatory ? [...new Set([...gate.always, ...gate.regulatory])] : gate.always
}
