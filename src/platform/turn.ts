/**
 * So many at a time for each key, within this process, in the order in which they came. What waits here holds no
 * connection: without it, requests that each wait for the same record would keep the whole pool from everybody else.
 */
export type Room = { readonly atOnce: number; readonly waiting: number }
type Line = { busy: number; readonly waiting: (() => void)[] }
const lines = new Map<string, Line>()

/** The work in its turn; undefined at once when too many wait for the same key already. */
export async function inTurn<T>(key: string, room: Room, work: () => Promise<T>): Promise<T | undefined> {
  const line = lines.get(key) ?? { busy: 0, waiting: [] }
  lines.set(key, line)
  if (line.busy < room.atOnce) line.busy += 1
  else if (line.waiting.length >= room.waiting) return undefined
  // Whoever is done hands the place over: nobody else can come between.
  else await new Promise<void>((resolve) => line.waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = line.waiting.shift()
    if (next === undefined) line.busy -= 1
    else next()
    if (line.busy === 0) lines.delete(key)
  }
}
