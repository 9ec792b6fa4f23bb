/**
 * One at a time for each key, within this process. What waits here holds no connection: without it, one caller
 * who sends many requests that each wait for the same record would keep the whole pool from everybody else.
 */
const mostWaiting = 32

type Line = { last: Promise<unknown>; waiting: number }
const lines = new Map<string, Line>()

/** The work in its turn; undefined at once when too many wait for the same key already. */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T | undefined> {
  const line = lines.get(key) ?? { last: Promise.resolve(), waiting: 0 }
  if (line.waiting >= mostWaiting) return undefined
  lines.set(key, line)
  line.waiting += 1
  // Whatever came of the one before: it is not this one's business.
  const mine = line.last.then(work, work)
  line.last = mine
  try {
    return await mine
  } finally {
    line.waiting -= 1
    if (line.waiting === 0) lines.delete(key)
  }
}
