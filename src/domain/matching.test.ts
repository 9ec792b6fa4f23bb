/** Who is ranked where, and why; what nobody can give; who is never proposed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { table } from '#test/table.ts'
import { measureExperience, rankCandidates, toProfile } from './matching.ts'
import type { Need, Person, Rating } from './matching.ts'

const window = { start: '2026-11-23T08:00:00Z', end: '2026-11-27T17:00:00Z' }
const names: { readonly [id: string]: string } = { cal: 'Calibration', clean: 'Cleanroom' }

const need = (changes: Partial<Need> = {}): Need => ({
  experience: [],
  hours: 8,
  window,
  headcount: 1,
  preferred: [],
  excluded: [],
  currency: 'EUR',
  ...changes,
})

/** `cal 4, clean 2 until 2026-11-25` */
const toRatings = (text: string): Rating[] =>
  text
    .split(',')
    .filter((one) => one !== '')
    .map((one) => {
      const [id = '', rating = '', , day] = one.trim().split(' ')
      const expires_at = day === undefined ? null : `${day}T17:00:00Z`
      return { experience_id: id, name: names[id] ?? id, rating: Number(rating), expires_at }
    })

/** `cal 3+, clean 2+` */
const toRequired = (text: string): Need['experience'] =>
  toRatings(text.replaceAll('+', '')).map(({ experience_id, rating }) => ({
    experience_id,
    min_rating: rating,
  }))

function toPerson(row: Record<string, string>): Person {
  const [cost_rate = null, currency = null] = (row['rate'] ?? '').split(' ')
  return {
    id: row['id'] ?? '',
    name: (row['id'] ?? '').toUpperCase(),
    active: row['active'] !== 'no',
    roles: (row['roles'] ?? '').split(' '),
    ratings: toRatings(row['ratings'] ?? ''),
    cost_rate: cost_rate === '' ? null : cost_rate,
    currency,
    openHours: Number(row['open'] ?? '40'),
    bookedHours: Number(row['booked'] ?? '0'),
    conflicts: row['conflicts'] ? [row['conflicts']] : [],
  }
}

const orderOf = (one: Need, people: readonly Person[]): string =>
  rankCandidates(one, people)
    .candidates.map(({ person_id }) => person_id)
    .join(' ')

test('R-MAT-1 candidates are ranked by availability, then experience, then cost, then preference, then id', async (t) => {
  const cases = table`
    what decides                                    | ada                             | bob                             | preferred | order
    the hours asked are free, whatever else         | 8 h, cal 3, 90.00               | 7.99 h, cal 5, 10.00            |           | ada bob
    more free hours than asked are no better        | 8 h, cal 3, 90.00               | 40 h, cal 3, 90.00              |           | ada bob
    some hours before none                          | 0 h, cal 5, 10.00               | 1 h, cal 3, 90.00               |           | bob ada
    the higher rating, before the cost              | 8 h, cal 3, 10.00               | 8 h, cal 4, 90.00               |           | bob ada
    what is met before what is nearly met           | 8 h, cal 2, 10.00               | 8 h, cal 3, 90.00               |           | bob ada
    the cost, at the same experience                | 8 h, cal 4, 20.10               | 8 h, cal 4, 20.09               |           | bob ada
    a known cost before an unknown one              | 8 h, cal 4,                     | 8 h, cal 4, 900.00              |           | bob ada
    rates are compared as numbers, not as text      | 8 h, cal 4, 100                 | 8 h, cal 4, 99.5                |           | bob ada
    preference among equals                         | 8 h, cal 4, 20.0                | 8 h, cal 4, 20.00               | bob       | bob ada
    preference does not outweigh a cent             | 8 h, cal 4, 20.00               | 8 h, cal 4, 20.01               | bob       | ada bob
    the id, where nothing else does                 | 8 h, cal 4, 20.00               | 8 h, cal 4, 20.00               |           | ada bob
    who has nothing of it is no candidate           | 8 h, clean 5, 10.00             | 0 h, cal 1, 90.00               |           | bob
  `
  for (const row of cases)
    await t.test(row['what decides'], () => {
      const people = ['bob', 'ada'].map((id) => {
        const [open = '', ratings = '', rate = ''] = (row[id] ?? '').split(',').map((cell) => cell.trim())
        return toPerson({ id, open: open.replace(' h', ''), ratings, rate: `${rate} EUR` })
      })
      const preferred = row['preferred'] === '' ? [] : [row['preferred'] ?? '']
      const asked = need({ experience: toRequired('cal 3+'), preferred })
      assert.equal(orderOf(asked, people), row['order'])
      assert.equal(orderOf(asked, people.toReversed()), row['order'])
    })
})

test('R-MAT-2 the score: 0.8 and above means that every requirement is met', async (t) => {
  const cases = table`
    asked             | had                              | score | qualified
                      |                                  | 1     | yes
    cal 3+            | cal 3                            | 0.8   | yes
    cal 3+            | cal 4                            | 0.9   | yes
    cal 3+            | cal 5                            | 1     | yes
    cal 5+            | cal 5                            | 1     | yes
    cal 5+            | cal 4                            | 0.64  | no
    cal 4+            | cal 2                            | 0.4   | no
    cal 4+            | clean 5                          | 0     | no
    cal 4+, clean 2+  | cal 4, clean 2                   | 0.8   | yes
    cal 4+, clean 2+  | cal 5, clean 2                   | 0.9   | yes
    cal 4+, clean 2+  | cal 5, clean 1                   | 0.6   | no
    cal 4+, clean 2+  | cal 5                            | 0.4   | no
    cal 3+            | cal 5 until 2026-11-27           | 1     | yes
    cal 3+            | cal 5 until 2026-11-26           | 0     | no
    cal 3+            | cal 5 until 2026-11-20           | 0     | no
    cal 3+            | cal 5 until 2026-11-26, cal 3    | 0.8   | yes
    cal 3+            | cal 5 until soon                 | 0     | no
  `
  for (const { asked = '', had = '', score, qualified } of cases)
    await t.test(`asked ${asked}, had ${had}`, () => {
      const measure = measureExperience(
        need({ experience: toRequired(asked) }),
        toProfile(toPerson({ id: 'ada', ratings: had })),
      )
      assert.equal(Math.round(measure.score * 1e9) / 1e9, Number(score))
      assert.equal(measure.qualified, qualified === 'yes')
    })
})

const ratingOf = fc.integer({ min: 0, max: 5 })
test('R-MAT-2 the score lies in 0..1, is at least 0.8 exactly for the qualified, and never falls with a higher rating', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ asked: fc.integer({ min: 1, max: 5 }), had: ratingOf, more: ratingOf }), {
        maxLength: 5,
      }),
      (all) => {
        const experience = all.map(({ asked }, i) => ({ experience_id: `e${i}`, min_rating: asked }))
        const measureWith = (level: (one: (typeof all)[number]) => number) =>
          measureExperience(
            need({ experience }),
            toProfile({
              ...toPerson({ id: 'ada' }),
              ratings: all.map((one, i) => ({
                experience_id: `e${i}`,
                name: '',
                rating: level(one),
                expires_at: null,
              })),
            }),
          )
        const one = measureWith(({ had }) => had)
        const better = measureWith(({ had, more }) => Math.max(had, more))
        assert.ok(one.score >= 0 && one.score <= 1 + 1e-12)
        assert.equal(one.score >= 0.8 - 1e-12, one.qualified)
        assert.equal(
          one.qualified,
          all.every(({ asked, had }) => had >= asked),
        )
        assert.ok(better.score >= one.score - 1e-12)
      },
    ),
  )
})

test('R-MAT-3 each candidate is explained from the data', async (t) => {
  const cases = table`
    id  | open | booked | ratings                       | rate      | conflicts     | says
    ada | 40   | 16     | cal 4 until 2027-01-31        | 85.50 EUR |               | 8 h asked, 24 h free: 40 h open in the window, 16 h booked; Calibration: rating 4, 3 asked, valid until 2027-01-31T17:00:00Z; 85.50 EUR an hour; preferred
    bob | 0.3  | 0.1    | cal 2                         |           | leads the lab | 8 h asked, 0.2 h free: 0.3 h open in the window, 0.1 h booked; Calibration: rating 2, 3 asked, does not expire; no cost rate; conflict: leads the lab
    cyd | 40   | 0      | cal 5 until 2026-11-25, cal 1 | 70 USD    |               | 8 h asked, 40 h free: 40 h open in the window, 0 h booked; Calibration: rating 1, 3 asked, does not expire; 70 USD an hour, not comparable with EUR
  `
  const asked = need({ experience: toRequired('cal 3+'), preferred: ['ada'] })
  const { candidates } = rankCandidates(asked, cases.map(toPerson))
  for (const { id, says = '' } of cases)
    await t.test(id, () => {
      const candidate = candidates.find(({ person_id }) => person_id === id)
      assert.deepEqual(candidate?.explanation, says.split('; '))
    })
})

test('R-MAT-4 a rating counts only when it is valid from the planned start to the planned end, and it is said when it expires', async (t) => {
  const cases = table`
    expires    | says
    2026-11-20 | Calibration: rating 5 does not count, 3 asked: it expires before the work starts, 2026-11-20T17:00:00Z
    2026-11-25 | Calibration: rating 5 does not count, 3 asked: it expires before the work is over, 2026-11-25T17:00:00Z
    2026-11-27 | Calibration: rating 5, 3 asked, valid until 2026-11-27T17:00:00Z
  `
  for (const { expires, says } of cases)
    await t.test(expires, () => {
      // Another requirement keeps the person among the candidates.
      const person = toPerson({ id: 'ada', ratings: `cal 5 until ${expires}, clean 3` })
      const { candidates, gaps } = rankCandidates(need({ experience: toRequired('cal 3+, clean 3+') }), [
        person,
      ])
      assert.equal(candidates[0]?.explanation[1], says)
      const isCounted = expires === '2026-11-27'
      assert.equal(candidates[0]?.qualified, isCounted)
      assert.deepEqual(
        gaps,
        isCounted
          ? []
          : ['Calibration: nobody has rating 3 or more (one that would do expires before the work is over)'],
      )
    })
})

test('R-MAT-5 what nobody meets is listed by name', async (t) => {
  const people = [
    toPerson({ id: 'ada', ratings: 'cal 4, clean 2', roles: 'technician' }),
    toPerson({ id: 'bob', ratings: 'clean 5', roles: 'technician', open: '8', booked: '4' }),
    toPerson({ id: 'cyd', ratings: 'weld 5', roles: 'welder', active: 'no' }),
  ]
  const cases = table`
    asked            | role       | heads | gaps
    cal 4+           |            | 1     |
    cal 5+           |            | 1     | Calibration: nobody has rating 5 (the best is 4)
    cal 5+, weld 1+  |            | 1     | Calibration: nobody has rating 5 (the best is 4); weld: nobody has rating 1 or more
    laser 2+         |            | 1     | laser: nobody has rating 2 or more
                     | welder     | 1     | role welder: nobody has it
    cal 4+           | technician | 2     | people asked: 2, meeting every requirement: 1, of those with 8 h free: 1
    cal 4+, clean 3+ |            | 1     | people asked: 1, meeting every requirement: 0, of those with 8 h free: 0
    clean 3+         |            | 1     | people asked: 1, meeting every requirement: 1, of those with 8 h free: 0
  `
  for (const { asked = '', role = '', heads, gaps = '' } of cases)
    await t.test(`${asked} ${role} ${heads}`, () => {
      const one = need({
        experience: toRequired(asked),
        headcount: Number(heads),
        ...(role === '' ? {} : { role }),
      })
      assert.deepEqual(rankCandidates(one, people).gaps, gaps === '' ? [] : gaps.split('; '))
    })
  await t.test('under the name that the need gives', () => {
    const experience = [{ experience_id: 'e-17', min_rating: 2, name: 'Laser safety' }]
    assert.deepEqual(rankCandidates(need({ experience }), people).gaps, [
      'Laser safety: nobody has rating 2 or more',
    ])
  })
})

test('R-MAT-6 who is excluded or not active is never a candidate, and is listed with the reason', () => {
  const people = table`
    id  | active | roles      | ratings
    cyd |        | technician | cal 5
    bob | no     | technician | cal 5
    ada |        | technician | cal 5
    dan |        | technician | cal 3
    eve |        | welder     | cal 5
  `.map(toPerson)
  const one = need({
    experience: toRequired('cal 4+'),
    role: 'technician',
    excluded: ['cyd', 'ada'],
    preferred: ['ada'],
  })
  const match = rankCandidates(one, people)
  assert.deepEqual(match.leftOut, [
    { person_id: 'ada', reason: 'excluded: conflict of interest' },
    { person_id: 'bob', reason: 'not active' },
    { person_id: 'cyd', reason: 'excluded: conflict of interest' },
  ])
  assert.deepEqual(
    match.candidates.map(({ person_id, qualified }) => [person_id, qualified]),
    [['dan', false]],
  )
  // What only an excluded person could do is a gap.
  assert.deepEqual(match.gaps, ['Calibration: nobody has rating 4 or more (the best is 3)'])
})
