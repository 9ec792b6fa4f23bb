/** What working time costs is reckoned twice, by the database and by the domain; here they are compared. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { labourOf } from '#domain/money.ts'
import { withClient } from '#platform/database.ts'
import { openFixture } from '../fixture.ts'
import type { Fixture } from '../fixture.ts'
import { openRandom } from '../prove/proof.ts'
import { table } from '../table.ts'

let fixture: Fixture
before(async () => {
  fixture = await openFixture()
})
after(() => fixture.close())

test('R-TIM-9 what the database freezes is what the domain reckons, to the last minor unit', async () => {
  const random = openRandom(23)
  const lines = table`
    rate               | currency | micros        | amount
    60                 | EUR      | 3600000000    | 60.00
    85.00              | EUR      | 1200000000    | 28.33
    0.01               | EUR      | 1800000000    | 0.01
    0.01               | EUR      | 1799999999    | 0.00
    100                | JPY      | 1818000000    | 51
    100                | JPY      | 1817999999    | 50
    12.3456            | KWD      | 5400000000    | 18.518
    99999999999.999999 | EUR      | 86399999999   | 2399999999972.22
  `.map(({ rate = '', currency = '', micros = '', amount = '' }) => ({
    rate,
    currency,
    micros: Number(micros),
    amount,
  }))
  for (let i = 0; i < 500; i += 1) {
    const micros = 1 + random.int(86_400_000) * 1000 + random.int(1000)
    const rate = `${random.int(100_000)}.${String(random.int(1_000_000)).padStart(6, '0')}`
    lines.push({ rate, currency: random.pick(['EUR', 'JPY', 'KWD', 'CLF']), micros, amount: '' })
  }
  const { rows } = await withClient(fixture.adminUrl, (client) =>
    client.query<{ amount: string }>(
      `select round_quotient(rate * extract(epoch from micros * interval '1 microsecond'), 3600, currency_digits(currency))::text as amount
         from unnest($1::numeric[], $2::text[], $3::bigint[]) with ordinality as t (rate, currency, micros, place) order by place`,
      [
        lines.map(({ rate }) => rate),
        lines.map(({ currency }) => currency),
        lines.map(({ micros }) => micros),
      ],
    ),
  )
  for (const [i, { rate, currency, micros, amount }] of lines.entries()) {
    const reckoned = labourOf(micros, rate, currency).amount
    assert.equal(rows[i]?.amount, reckoned, `${rate} ${currency} ${micros}`)
    if (amount !== '') assert.equal(reckoned, amount)
  }
})
