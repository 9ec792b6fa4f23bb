/**
 * Background work that is done for one tenant at a time: never twice at once for the same tenant, never more often
 * than the gap allows, and with a rest that grows while it fails. Whoever wakes it does not wait for it.
 */
export type Turns = {
  /** There may be something to do for this tenant. */
  wake(tenantId: string): void
  /** Resolves when what runs has ended; nothing begins afterwards. */
  close(): Promise<void>
}

export type TurnsOptions = {
  /** From the start of one turn of a tenant to the start of its next. */
  readonly gapMs: number
  readonly mostAtOnce: number
  /** Gives the milliseconds after which it wants another turn; undefined: when it is woken. */
  readonly work: (tenantId: string) => Promise<number | undefined>
  readonly onError: (tenantId: string, error: unknown) => void
}

const longestRestMs = 5 * 60 * 1000

/** Rest after the nth failure in a row: a second, doubled each time, up to five minutes. */
export const restAfter = (failures: number): number => Math.min(1000 * 2 ** (failures - 1), longestRestMs)

type State = {
  running: boolean
  /** Woken while it ran. */
  again: boolean
  failures: number
  /** No turn begins before this moment of the monotonic clock. */
  notBeforeMs: number
  timer?: NodeJS.Timeout | undefined
  dueMs: number
}

export function openTurns({ gapMs, mostAtOnce, work, onError }: TurnsOptions): Turns {
  const states = new Map<string, State>()
  const waiting = new Set<string>()
  const running = new Set<Promise<void>>()
  let closed = false

  const schedule = (tenantId: string, state: State, inMs: number): void => {
    const dueMs = Math.max(performance.now() + inMs, state.notBeforeMs)
    if (closed || (state.timer !== undefined && state.dueMs <= dueMs)) return
    clearTimeout(state.timer)
    state.dueMs = dueMs
    state.timer = setTimeout(() => begin(tenantId, state), Math.max(0, dueMs - performance.now()))
    state.timer.unref()
  }
  const begin = (tenantId: string, state: State): void => {
    state.timer = undefined
    if (closed || state.running) return
    if (running.size >= mostAtOnce) return void waiting.add(tenantId)
    const turn = take(tenantId, state).finally(() => {
      running.delete(turn)
      const [next] = waiting
      if (next === undefined) return
      waiting.delete(next)
      begin(next, stateOf(next))
    })
    running.add(turn)
  }
  const take = async (tenantId: string, state: State): Promise<void> => {
    state.running = true
    state.again = false
    state.notBeforeMs = performance.now() + gapMs
    let nextMs: number | undefined
    try {
      nextMs = await work(tenantId)
      state.failures = 0
    } catch (error) {
      state.failures += 1
      nextMs = restAfter(state.failures)
      state.notBeforeMs = performance.now() + nextMs
      onError(tenantId, error)
    }
    state.running = false
    if (state.again) schedule(tenantId, state, 0)
    else if (nextMs !== undefined) schedule(tenantId, state, nextMs)
  }
  const stateOf = (tenantId: string): State => {
    const known = states.get(tenantId)
    if (known !== undefined) return known
    const made: State = { running: false, again: false, failures: 0, notBeforeMs: 0, dueMs: 0 }
    states.set(tenantId, made)
    return made
  }
  return {
    wake(tenantId) {
      const state = stateOf(tenantId)
      if (state.running) state.again = true
      else schedule(tenantId, state, 0)
    },
    async close() {
      closed = true
      for (const { timer } of states.values()) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
