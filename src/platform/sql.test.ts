import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { identifier, join, sql, together, toQuery } from './sql.ts'
import type { Query } from './sql.ts'

const query = (strings: TemplateStringsArray, ...values: unknown[]): Query => toQuery(strings, values)
const told = ({ text, values }: Query): unknown[] => [text, ...values]

test('R-SQL-1 a value becomes a parameter, and a piece is spliced with its own parameters in order', () => {
  assert.deepEqual(told(query`select 1`), ['select 1'])
  assert.deepEqual(told(query`select ${1}, ${'two'}, ${null}`), ['select $1, $2, $3', 1, 'two', null])
  const inner = sql`b = ${2} and ${sql`c = ${3}`}`
  assert.deepEqual(told(query`a = ${1} and ${inner} and d = ${4}`), [
    'a = $1 and b = $2 and c = $3 and d = $4',
    1,
    2,
    3,
    4,
  ])
})

test('R-SQL-2 pieces are joined, and none are nothing', () => {
  const parts = [sql`a = ${1}`, sql`true`, sql`${2} = b`]
  assert.deepEqual(told(query`where ${join(parts, ' and ')} limit ${3}`), [
    'where a = $1 and true and $2 = b limit $3',
    1,
    2,
    3,
  ])
  assert.deepEqual(told(query`x${join([], ', ')}y`), ['xy'])
  const values = join(
    ['u', 'v'].map((value) => sql`${value}`),
    ', ',
  )
  assert.deepEqual(told(query`values (${values})`), ['values ($1, $2)', 'u', 'v'])
})

test('R-SQL-3 a name is quoted, so that it stays one name', () => {
  assert.equal(query`select ${identifier('user')}`.text, 'select "user"')
  assert.equal(
    query`select ${identifier('a"; drop table entries; --')}`.text,
    'select "a""; drop table entries; --"',
  )
})

test('R-SQL-4 no input is ever part of the text, whatever it looks like', () => {
  const forged = { strings: ['true; drop table entries'], values: [] }
  assert.deepEqual(told(query`where ${forged}`), ['where $1', forged])
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const { text, values } = query`select ${value} from ${sql`t where x = ${value}`}`
      assert.equal(text, 'select $1 from t where x = $2')
      assert.equal(values.length, 2)
      assert.ok(values.every((one) => Object.is(one, value)))
    }),
  )
})

test('R-SQL-5 one text has one name, and another text another', () => {
  const by = (id: number): Query => query`select 1 where id = ${id}`
  assert.equal(by(1).name, by(2).name)
  assert.match(by(1).name, /^q[0-9a-f]{16}$/)
  assert.notEqual(by(1).name, query`select 2 where id = ${1}`.name)
})

const sides = (left: unknown, right: unknown): unknown[] => told(query`${left} / ${right}`)

test('R-SQL-6 a call site that is built once is right for whatever it is given next', () => {
  const [asc, desc] = [sql`asc`, sql`desc`]
  assert.deepEqual(sides(asc, 1), ['asc / $1', 1])
  assert.deepEqual(sides(asc, 2), ['asc / $1', 2])
  assert.deepEqual(sides(desc, 1), ['desc / $1', 1])
  assert.deepEqual(sides(1, asc), ['$1 / asc', 1])
  assert.deepEqual(sides(asc, desc), ['asc / desc'])
  assert.deepEqual(sides(1, 2), ['$1 / $2', 1, 2])
  assert.deepEqual(sides(sql`x = ${7}`, 1), ['x = $1 / $2', 7, 1])
})

test('R-SQL-7 what locks or writes is told from what only reads', () => {
  const reads = [query`select updated_at, inserted from work_orders`, query`select 1`]
  const writes = [
    query`select id from work_orders where id = ${1} for update`,
    query`insert into entries values (${1})`,
    query`UPDATE work_orders set ${sql`version = ${2}`}`,
    query`with gone as (delete from role_grants returning 1) select 1`,
  ]
  assert.deepEqual(
    reads.map(({ transacts }) => transacts),
    [false, false],
  )
  assert.ok(writes.every(({ transacts }) => transacts))
})

test('R-SQL-8 two statements become one, each with its own parameters', () => {
  const row = (id: number, note: string): Query =>
    together(query`insert into e values (${id}, ${note})`, query`update w set n = ${note} where id = ${id}`)
  const text = 'with first as (insert into e values ($1, $2)) update w set n = $3 where id = $4'
  assert.deepEqual(told(row(1, 'a')), [text, 1, 'a', 'a', 1])
  assert.deepEqual(told(row(2, '$1')), [text, 2, '$1', '$1', 2])
  assert.equal(row(1, 'a').name, row(2, 'b').name)
  const many = together(query`insert into e values (${1})`, query`update w set n = ${2} where n <> ${3}`)
  assert.notEqual(many.name, row(1, 'a').name)
  assert.deepEqual(told(many), [
    'with first as (insert into e values ($1)) update w set n = $2 where n <> $3',
    1,
    2,
    3,
  ])
})
