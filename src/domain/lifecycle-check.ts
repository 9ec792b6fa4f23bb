/**
 * The validator: is a lifecycle sound? Names every flaw, so that a new lifecycle is mended in one go. The
 * signature rule is proved over every path: a regulatory work order must not reach a done state without the
 * System Owner and QA at the completion gate, nor, where there is a release gate, begin without them there.
 */
import { categories, finalCategories, requiredSignatures } from './lifecycle.ts'
import type { Category, Lifecycle, SignatureGate, Transition } from './lifecycle.ts'

export function findFlaws(lifecycle: Lifecycle): string[] {
  const states = Object.keys(lifecycle.states)
  const flaws: string[] = []
  const categoryOf = (state: string): string => lifecycle.states[state]?.category ?? 'none'
  const isFinal = (state: string): boolean =>
    (finalCategories as readonly string[]).includes(categoryOf(state))

  if (!states.includes(lifecycle.initial)) flaws.push(`the initial state ${lifecycle.initial} does not exist`)
  else if (categoryOf(lifecycle.initial) !== 'initial')
    flaws.push(`${lifecycle.initial} is not of category initial`)
  for (const state of states) {
    if (!(categories as readonly string[]).includes(categoryOf(state))) flaws.push(`${state} has no category`)
    if (isFinal(state) && (lifecycle.states[state]?.editable.length ?? 0) > 0)
      flaws.push(`${state} is final and editable`)
  }
  flaws.push(...findBadEdges(lifecycle, isFinal))

  const reached = reach(lifecycle.transitions, lifecycle.initial)
  for (const state of states) {
    if (!reached.has(state)) flaws.push(`${state} cannot be reached`)
    if (!isFinal(state) && ![...reach(lifecycle.transitions, state)].some(isFinal)) {
      flaws.push(`${state} cannot reach a final state`)
    }
  }
  flaws.push(...findUnsigned(lifecycle, 'completion', 'done'))
  if (lifecycle.transitions.some((edge) => (edge.gate ?? edge.turnsBack)?.name === 'release'))
    flaws.push(...findUnsigned(lifecycle, 'release', 'active'))
  return flaws
}

/** States of the category that a regulatory work order reaches on some path around the gate. */
function findUnsigned(lifecycle: Lifecycle, gate: SignatureGate['name'], category: Category): string[] {
  const around = lifecycle.transitions.filter((edge) => {
    const signers = edge.gate?.name === gate ? requiredSignatures(edge.gate, true) : []
    return !edge.onlyNonRegulatory && !(signers.includes('system_owner') && signers.includes('qa'))
  })
  return [...reach(around, lifecycle.initial)]
    .filter((state) => lifecycle.states[state]?.category === category)
    .map((state) => `a regulatory work order reaches ${state} without the signatures of ${gate}`)
}

function findBadEdges(lifecycle: Lifecycle, isFinal: (state: string) => boolean): string[] {
  const flaws: string[] = []
  const seen = new Set<string>()
  for (const edge of lifecycle.transitions) {
    const name = `${edge.name}: ${edge.from} → ${edge.to}`
    if (lifecycle.states[edge.from] === undefined) flaws.push(`${name} leaves a state that does not exist`)
    if (lifecycle.states[edge.to] === undefined) flaws.push(`${name} leads to a state that does not exist`)
    if (isFinal(edge.from)) flaws.push(`${name} leaves a final state`)
    if (edge.by.length === 0) flaws.push(`${name} can be taken by nobody`)
    if (seen.has(`${edge.from} ${edge.to}`)) flaws.push(`${name} is a second edge between the same states`)
    seen.add(`${edge.from} ${edge.to}`)
  }
  return flaws
}

/** Every state that can be reached from here, itself included. */
function reach(edges: readonly Transition[], from: string): Set<string> {
  const reached = new Set([from])
  for (let grew = true; grew;) {
    grew = false
    for (const edge of edges) {
      if (reached.has(edge.from) && !reached.has(edge.to)) {
        reached.add(edge.to)
        grew = true
      }
    }
  }
  return reached
}
