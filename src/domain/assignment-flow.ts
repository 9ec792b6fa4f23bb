/**
 * Work to people as a flow of least cost: successive shortest augmenting paths with potentials, sparse (Tomizawa 1971,
 * Edmonds and Karp 1972; for one person each this is the augmentation of Jonker and Volgenant 1987). The one rule: what
 * cannot flow is unfilled at a price, so that there is always an answer.
 *
 * A job may be split among people, each taking at most the size of one place of it. Where every size is 1 nothing is
 * split, and the answer is the optimum; otherwise it is the linear relaxation of the assignment.
 */

/** Jobs are rows; the people who may do a job are its pairs, in rows one after the other. */
export type Pairs = {
  readonly people: number
  /** Places of each job, each for another person. */
  readonly headcount: Int32Array
  /** The pairs of job j are those from rowStart[j] to before rowStart[j + 1]. */
  readonly rowStart: Int32Array
  readonly person: Int32Array
  /** Of one place; whole numbers, not negative. */
  readonly cost: Float64Array
}
export type Flow = {
  /** For each pair, how much of a place the person takes: 0 to the size of the job. */
  readonly taken: Int32Array
  /** For each job, what one place more of it would cost (its dual). */
  readonly price: Float64Array
  /** For each person, what one unit more of room would save. */
  readonly roomPrice: Float64Array
}
export type Network = {
  readonly pairs: Pairs
  /** How much one place of each job takes. */
  readonly size: Int32Array
  /** How much each person can take. */
  readonly room: Int32Array
}

const none = -1

/**
 * Sends what has not flowed yet; what is dearer than its job's cost of an unfilled place stays. With higher costs it can
 * be called again, and goes on from there.
 */
export function sendFlow(state: State, unfilledCost: Float64Array): Flow {
  const { size, left } = state
  state.unfilledUnit = unfilledCost.map((one, job) => one / size[job]!)
  for (let job = 0; job < size.length; job += 1) while (left[job]! > 0 && push(state, job));
  return {
    taken: state.taken.slice(),
    price: state.jobPotential.map((one, job) => -one * size[job]!),
    roomPrice: state.personPotential.map((one) => -one),
  }
}

type State = ReturnType<typeof openFlow>

export function openFlow({ pairs, size, room }: Network) {
  const { people, rowStart, person, cost } = pairs
  const jobs = pairs.headcount.length
  const jobOf = new Int32Array(person.length)
  const unitCost = new Float64Array(person.length)
  for (let job = 0; job < jobs; job += 1)
    for (let pair = rowStart[job]!; pair < rowStart[job + 1]!; pair += 1) {
      jobOf[pair] = job
      unitCost[pair] = cost[pair]! / size[job]!
    }
  return {
    ...pairs,
    size,
    jobOf,
    unitCost,
    unfilledUnit: new Float64Array(jobs),
    /** What has not flowed. */
    left: pairs.headcount.map((heads, job) => heads * size[job]!),
    spare: room.slice(),
    taken: new Int32Array(person.length),
    /** For each person, the pairs of which something is taken. */
    holds: Array.from({ length: people }, (): number[] => []),
    personPotential: new Float64Array(people),
    jobPotential: new Float64Array(jobs),
    // People are the nodes 0 to people − 1, jobs come behind them.
    distance: new Float64Array(people + jobs).fill(Number.POSITIVE_INFINITY),
    /** The pair by which a node was reached. */
    by: new Int32Array(people + jobs).fill(none),
    touched: [] as number[],
    heap: openHeap(),
  }
}

/**
 * Sends as much as fits along one shortest path from the job to where there is room, or to where less stays unfilled
 * for it. False where it is best that the rest of the job itself does.
 */
function push(state: State, source: number): boolean {
  const { people, distance, by, touched, heap, personPotential, jobPotential } = state
  let nearest = Number.POSITIVE_INFINITY
  let end = none
  const reach = (node: number, at: number, pair: number): void => {
    if (at >= distance[node]! || at >= nearest) return
    if (distance[node] === Number.POSITIVE_INFINITY) touched.push(node)
    distance[node] = at
    by[node] = pair
    heap.add(at, node)
  }
  reach(people + source, 0, none)
  for (let node = heap.take(); node !== none; node = heap.take()) {
    const at = distance[node]!
    if (heap.key() > at) continue
    if (at >= nearest) break
    const isPerson = node < people
    const toEnd = isPerson ? distanceFromPerson(state, node) : distanceFromJob(state, node - people)
    if (at + toEnd < nearest) {
      nearest = at + toEnd
      end = node
    }
    if (isPerson) goBack(state, node, at, reach)
    else goOn(state, node - people, at, reach)
  }
  for (const node of touched) {
    const gain = distance[node]! - nearest
    if (gain < 0) {
      if (node < people) personPotential[node]! += gain
      else jobPotential[node - people]! += gain
    }
    distance[node] = Number.POSITIVE_INFINITY
  }
  touched.length = 0
  heap.clear()
  if (end === people + source) return false
  augment(state, source, end)
  return true
}

const distanceFromPerson = ({ spare, personPotential }: State, person: number): number =>
  spare[person]! > 0 ? Math.max(0, personPotential[person]!) : Number.POSITIVE_INFINITY
/** To nobody: this place, or this part of one, stays unfilled. */
const distanceFromJob = ({ unfilledUnit, jobPotential }: State, job: number): number =>
  Math.max(0, unfilledUnit[job]! + jobPotential[job]!)

type Reach = (node: number, at: number, pair: number) => void

/** From a job to everybody who could take more of it. */
function goOn(state: State, job: number, at: number, reach: Reach): void {
  const { rowStart, person, taken, size, unitCost, jobPotential, personPotential } = state
  const potential = jobPotential[job]!
  for (let pair = rowStart[job]!; pair < rowStart[job + 1]!; pair += 1) {
    if (taken[pair]! >= size[job]!) continue
    const to = person[pair]!
    reach(to, at + Math.max(0, unitCost[pair]! + potential - personPotential[to]!), pair)
  }
}

/** From a person to the jobs that could be taken away again. */
function goBack(state: State, from: number, at: number, reach: Reach): void {
  const { people, holds, jobOf, unitCost, jobPotential, personPotential } = state
  for (const pair of holds[from]!) {
    const job = jobOf[pair]!
    const step = Math.max(0, personPotential[from]! - unitCost[pair]! - jobPotential[job]!)
    reach(people + job, at + step, pair)
  }
}

function augment(state: State, source: number, end: number): void {
  const { people, by, spare, left, taken, size, jobOf, person } = state
  let amount = end < people ? Math.min(left[source]!, spare[end]!) : left[source]!
  for (let node = end; by[node] !== none; node = before(state, node)) {
    const pair = by[node]!
    amount = Math.min(amount, node < people ? size[jobOf[pair]!]! - taken[pair]! : taken[pair]!)
  }
  left[source]! -= amount
  if (end < people) spare[end]! -= amount
  else left[end - people]! += amount
  for (let node = end; by[node] !== none;) {
    const pair = by[node]!
    const previous = before(state, node)
    const held = state.holds[person[pair]!]!
    if (node < people) {
      if (taken[pair] === 0) held.push(pair)
      taken[pair]! += amount
    } else {
      taken[pair]! -= amount
      if (taken[pair] === 0) held.splice(held.indexOf(pair), 1)
    }
    node = previous
  }
}

/** The node from which the path came to this one. */
const before = ({ people, by, jobOf, person }: State, node: number): number =>
  node < people ? people + jobOf[by[node]!]! : person[by[node]!]!

/** A binary heap of nodes; one that is reached again is added again, and its older entries are known by their key. */
function openHeap() {
  const keys: number[] = []
  const nodes: number[] = []
  let last = 0
  return {
    key: () => last,
    clear() {
      keys.length = 0
      nodes.length = 0
    },
    add(key: number, node: number) {
      let at = keys.length
      for (; at > 0;) {
        const above = (at - 1) >> 1
        if (keys[above]! <= key) break
        keys[at] = keys[above]!
        nodes[at] = nodes[above]!
        at = above
      }
      keys[at] = key
      nodes[at] = node
    },
    take(): number {
      if (keys.length === 0) return none
      const node = nodes[0]!
      last = keys[0]!
      const key = keys.pop()!
      const moved = nodes.pop()!
      const length = keys.length
      if (length === 0) return node
      let at = 0
      for (;;) {
        let below = 2 * at + 1
        if (below >= length) break
        if (below + 1 < length && keys[below + 1]! < keys[below]!) below += 1
        if (keys[below]! >= key) break
        keys[at] = keys[below]!
        nodes[at] = nodes[below]!
        at = below
      }
      keys[at] = key
      nodes[at] = moved
      return node
    },
  }
}
