import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toPaths } from './estimate-kind.ts'

const nothing = { template: null, work_category: null, asset: null, title: '', attributes: {} }

test('R-EST-9 the paths of a work order lead from its template over what is done to which thing to its asset', () => {
  const paths = toPaths({
    template: 'pump-service',
    work_category: 'PM',
    asset: 'P-7',
    title: 'Replace the SEAL, please',
    attributes: { type: 'PM01', system: 'Hydraulic System_Engine', part: 'Pump_Seal', action: 'Replace' },
  })
  const general = 'template pump-service>category PM>type PM01'
  assert.deepEqual(
    paths.map((path) => path.join('>')),
    [
      `${general}>part Pump>action Replace>last word please>system Hydraulic System>asset P-7`,
      `${general}>first word replace>system Hydraulic System>part Pump>last word please>asset P-7`,
      `${general}>last word please>part Pump>action Replace>first word replace>asset P-7`,
    ],
  )
})

test('R-EST-9 what is not known is no class, and words are letters of any script', () => {
  assert.deepEqual(toPaths(nothing), [[], [], []])
  const [first] = toPaths({ ...nothing, title: '检查 HPLC-01 Ölstand' })
  assert.deepEqual(first, ['last word ölstand'])
})
