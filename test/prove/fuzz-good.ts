/** Good values of an operation's properties: by what a name means, and else by the operation's own JSON Schema. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { statusNames } from '#domain/lifecycles.ts'
import type { JsonSchema } from '#edges/input-shape.ts'
import { cursors, slot } from './fuzz-nasty.ts'
import type { Json, Slot } from './fuzz-nasty.ts'

const words = fc.constantFrom(
  'hyd leak',
  'Replace seal',
  '更换滤芯',
  'Réglage',
  'spare part ordered',
  'x',
  'a, b',
  '😀 done',
)
const day = fc.constantFrom('2026-11-20', '2027-01-31', '2028-02-29', '1900-01-01', '2199-12-31')
const instant = fc.constantFrom('2026-11-20T08:00:00Z', '2026-11-21T08:00:00.5+02:00', '2199-12-31T23:59:59Z')

const in20Days = new Date(Date.now() + 20 * 86_400_000).toISOString()
/** Only for a kind of work that nobody asks for: the rules of all other work stay as they are. */
const policy = fc.nat(9).map((n): Json => ({
  calendar: { time_zone: 'Europe/Berlin', weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' },
  rules: [
    { lifecycle: 'qms', gate: 'completion', work_category: `fuzz ${n}`, requirements: [{ role: 'admin' }] },
  ],
}))

const template: Json = {
  lifecycle: 'change-control',
  title: 'Service {{what}}',
  parameters: [{ name: 'what', says: 'what is serviced', default: 'the pump' }],
  work_orders: [
    { key: 'stop', title: 'Stop {{what}}' },
    { key: 'oil', title: 'Change the oil of {{what}}', after: ['stop'] },
  ],
}

/** What it means of this operation only: `operation name`. */
const byOperation: { readonly [property: string]: () => Arbitrary<Json> } = {
  'key.revoke id': () => slot('key'),
  'log.inclusion id': () => slot('entry'),
  'log.consistency from': () => fc.integer({ min: 1, max: 20 }),
  'log.consistency to': () => fc.integer({ min: 20, max: 40 }),
  'log.tile level': () => fc.constant(0),
  'log.tile index': () => fc.constant(0),
  'approval.intend id': () => slot('asked'),
  'approval.intend gate': () => fc.constant('release'),
  'approval.intend role': () => fc.constantFrom('system_owner', 'qa'),
  'approval.intend time_zone': () => fc.constantFrom('UTC', 'Asia/Kathmandu'),
  'approval.reject id': () => slot('asked'),
  'approval.sign password': () => slot('own_password'),
  'signing_key.begin password': () => slot('own_password'),
  'signing.attest text_version': () => fc.constant(1),
  'delegation.propose to': () => slot('person'),
  'delegation.propose from': () => slot('person'),
  'delegation.propose roles': () => fc.constantFrom(['operator'], ['assigner'], ['admin']),
  'delegation.propose ends_at': () => fc.constant(in20Days),
  'absence.add starts_at': () => fc.constant('2199-01-01T00:00:00Z'),
  'absence.add ends_at': () => fc.constantFrom('2199-02-01T00:00:00Z', '2199-02-01T00:00:00+14:00'),
  'finding.assign owner': () => slot('person'),
  'principal.set_manager manager': () => fc.oneof(fc.constant(null), slot('person')),
  'policy.set body': () => policy,
  'policy.set_completion policy': () => fc.constantFrom({ kind: 'all' }, { kind: 'k_of_n', k: 1 }, null),
  'resource.match window': () => fc.constant({ start: '2027-03-01T08:00:00Z', end: '2027-03-05T08:00:00Z' }),
  'resource.match hours': () => fc.constantFrom(0.5, 8),
  'resource.match currency': () => fc.constant('EUR'),
  'resource.match_set window': () =>
    fc.constant({ start: '2027-03-01T08:00:00Z', end: '2027-03-05T08:00:00Z' }),
  'resource.match_set hours': () => fc.constantFrom(0.5, 8),
  'resource.match_set currency': () => fc.constant('EUR'),
  'resource.match_set work_orders': () => slot('work_order').map((one) => [one]),
  'resource.match request': () => slot('work_order'),
  'schedule.propose request': () =>
    slot('work_order').map((work_order_id) => ({
      type: 'SCHEDULING_REQUEST',
      work_order_id,
      job_plan_id: 'none',
      constraints: {
        earliest_start: '2027-03-01T08:00:00Z',
        latest_end: '2027-03-05T08:00:00Z',
        required_experience: [{ experience_id: 'HPLC calibration', min_rating: 3 }],
        required_tools: [{ tool_id: 'torque wrench', quantity: 1 }],
        required_persons: [],
      },
    })),
  'schedule.plan master': () => fc.constant(undefined as unknown as Json),
  'schedule.plan earliest_start': () => fc.constant('2027-03-01T08:00:00Z'),
  'schedule.plan latest_end': () => fc.constant('2027-03-05T08:00:00Z'),
  'schedule.plan effort': () => fc.constant(10),
  'schedule.plan seconds': () => fc.constant(1),
  'reservation.reserve items': () =>
    fc.constantFrom(
      [
        {
          kind: 'tool',
          resource: 'torque wrench',
          from: '2199-03-01T08:00:00Z',
          until: '2199-03-01T09:00:00Z',
        },
      ],
      [{ kind: 'asset', resource: 'HPLC-01', from: '2198-03-01T08:00:00Z', until: '2198-03-01T09:00:00Z' }],
    ),
  'reservation.confirm reservations': () => fc.constant(undefined as unknown as Json),
  'reservation.release reservations': () => fc.constant(undefined as unknown as Json),
  'reservation.list resource': () => fc.constant('torque wrench'),
  'reservation.list kind': () => fc.constant('tool'),
  'time_entry.log from': () => fc.constantFrom('2026-01-19T08:00:00Z', '2026-01-18T22:30:00+01:00'),
  'time_entry.log until': () => fc.constant('2026-01-19T09:30:00Z'),
  'time_entry.stop until': () => fc.constant(undefined as unknown as Json),
  'time_entry.list from': () => fc.constant('2026-01-01T00:00:00Z'),
  'time_entry.list until': () => fc.constant('2027-01-01T00:00:00Z'),
  'time_entry.list person': () => slot('person'),
  'cost.add quantity': () => fc.constantFrom('1', '2.5'),
  'cost.add unit_price': () => fc.constantFrom('41.90', '-3'),
  'cost.add currency': () => fc.constantFrom('EUR', 'JPY'),
  'person.rates id': () => slot('person'),
  'estimate.ask asset': () => fc.constantFrom('HPLC-01', 'BAL-12'),
  'estimate.projection parent': () => slot('work_order'),
  'resource.utilisation from': () => fc.constantFrom('2027-03-01T08:00:00Z', '2027-03-02T10:00:00+02:00'),
  'resource.utilisation until': () => fc.constant('2027-03-05T08:00:00Z'),
  'person.get id': () => slot('person'),
  'person.set_profile id': () => slot('spare_principal'),
  'person.set_profile calendar': () => fc.constant(null),
  'person.set_profile time_zone': () => fc.constantFrom('Europe/Berlin', null),
  'person.set_profile currency': () => fc.constantFrom('EUR', 'AUD'),
  'person.rate id': () => slot('spare_principal'),
  'person.rate experience': () => fc.constant('HPLC calibration'),
  'person.remove_rating id': () => slot('spare_principal'),
  'person.remove_rating experience': () => fc.constant('HPLC calibration'),
  'experience.get id': () => fc.constant('HPLC calibration'),
  'experience.update id': () => fc.constant('HPLC calibration'),
  'experience.update retired': () => fc.constant(false),
  'registry.import type': () => fc.constant('tools'),
  'registry.import csv': () => fc.constantFrom('name,quantity\ntorque wrench,2\n', 'name\nfuzz gauge\n'),
  'tool.create keeper': () => fc.constant('Lee Lab'),
  'tool.update keeper': () => fc.constantFrom('Lee Lab', null),
  'tool.get id': () => fc.constant('torque wrench'),
  'tool.update id': () => fc.constant('torque wrench'),
  'calendar.get id': () => fc.constant('day shift'),
  'calendar.update id': () => fc.constant('day shift'),
  'calendar.create time_zone': () => fc.constantFrom('UTC', 'Asia/Kathmandu'),
  'calendar.create shifts': () => fc.constant([{ weekdays: [1, 2], start: '09:00', end: '17:00' }]),
  'calendar.create holidays': () => fc.constant([{ date: '2027-01-01' }]),
  'calendar.create extra_shifts': () => fc.constant([]),
  'calendar.create valid_from': () => fc.constant(null),
  'calendar.create valid_until': () => fc.constant(null),
  'calendar.update time_zone': () => fc.constant('UTC'),
  'calendar.update shifts': () => fc.constant([]),
  'calendar.update holidays': () => fc.constant([{ date: '2027-01-01' }]),
  'calendar.update extra_shifts': () => fc.constant([]),
  'calendar.update valid_from': () => fc.constant(null),
  'calendar.update valid_until': () => fc.constant(null),
  'job_plan.record_step step': () => fc.constantFrom('fuzz', '1'),
  'job_plan.record_step value': () => fc.constantFrom('9.80', '-3', '0.000000000000001'),
  'credential.lease name': () => fc.constant('fuzz'),
  'template.create name': () => fc.nat(1_000_000).map((n) => `fuzz-${n}`),
  'template.create body': () => fc.constant(template),
  'template.update body': () => fc.constant(template),
  'template.update name': () => fc.constant('excavator-service'),
  'template.get name': () => fc.constant('hplc-calibration'),
  'template.get version': () => fc.constant(1),
  'template.history name': () => fc.constant('hplc-calibration'),
  'template.apply name': () => fc.constantFrom('hplc-calibration', 'win10-to-win11'),
  'template.apply parameters': () =>
    fc.constantFrom({ instrument: 'HPLC-01' }, { workstation: 'HPLC-01', vendor: 'Vik Vendor' }, {}),
  'waiver.ask id': () => slot('work_order'),
  'work_order.create_many work_orders': () =>
    fc.constantFrom(
      [{ title: 'one of many', lifecycle: 'qms' }],
      [
        { title: 'Service line 3', key: 'line', lifecycle: 'change-control' },
        { title: 'Grease bearings', parent: 'line', lifecycle: 'change-control', estimated_hours: 1.5 },
      ],
    ),
  'policy.preview lifecycle': () => fc.constantFrom('change-control', 'qms'),
}

/** Ids of what an operation is about, by the first part of its name. */
const idSlots: { readonly [subject: string]: Slot } = {
  asset: 'asset',
  finding: 'finding',
  delegation: 'delegation',
  absence: 'absence',
  signing_key: 'signing_key',
  principal: 'spare_principal',
  signing: 'spare_principal',
}

/** What a property of this name means, where its schema does not say. */
function byName(operation: string, name: string): Arbitrary<Json> | undefined {
  const subject = operation.slice(0, operation.indexOf('.'))
  const known = byOperation[`${operation} ${name}`]
  if (known !== undefined) return known()
  switch (name) {
    case 'id':
      return slot(operation === 'principal.get' ? 'principal' : (idSlots[subject] ?? 'work_order'))
    case 'actual_hours':
      return fc.constantFrom(0.25, 8)
    case 'order_id':
      return slot('order')
    case 'parent_wo_id':
      return slot('work_order')
    case 'parent':
      return subject === 'asset' ? slot('asset') : slot('work_order')
    case 'asset':
      return slot('asset')
    case 'assignee':
    case 'requester':
    case 'owner':
    case 'sponsor':
      return slot('principal')
    case 'person':
    case 'principal':
      return slot('spare_principal')
    case 'intent':
      return slot('intent')
    case 'passphrase':
      return slot('own_passphrase')
    case 'signing_key':
      return slot('signing_key')
    case 'work_order':
      return slot('work_order')
    case 'attachment_id':
      return slot('attachment')
    case 'cursor':
      return fc.oneof(slot('cursor'), fc.constantFrom(...cursors))
    case 'title':
      return fc.constantFrom('[Fuzz-Case] a valid title', 'A valid title')
    case 'to':
    case 'new_status':
      return fc.oneof(
        fc.constantFrom('accepted', 'in_progress', 'blocked', 'cancelled'),
        fc.constantFrom(...statusNames),
      )
    case 'password':
      return fc.constant('correct horse battery')
    case 'tag':
      return fc.nat(1e6).map((n) => `TAG-${n}`)
    default:
      return undefined
  }
}

export function goodProperty(operation: string, name: string, schema: JsonSchema): Arbitrary<Json> {
  return byName(operation, name) ?? good(schema)
}

const alternativesOf = (schema: JsonSchema): readonly JsonSchema[] =>
  (schema['anyOf'] ?? schema['oneOf'] ?? []) as JsonSchema[]

function good(schema: JsonSchema): Arbitrary<Json> {
  const alternatives = alternativesOf(schema)
  if (alternatives.length > 0) return fc.oneof(...alternatives.map(good))
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as Json[]))
  if ('const' in schema) return fc.constant(schema['const'] as Json)
  switch (schema['type']) {
    case 'string':
      return goodText(schema)
    case 'integer':
      return fc.integer({
        min: Number(schema['minimum'] ?? 0),
        max: Math.min(Number(schema['maximum'] ?? 200), 1e6),
      })
    case 'number':
      return fc.constantFrom(0, 0.25, 1, 8, 1e6)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(good((schema['items'] ?? {}) as JsonSchema), {
        minLength: Number(schema['minItems'] ?? 0),
        maxLength: 3,
      })
    case 'object':
      return goodObject(schema)
    default:
      return fc.jsonValue({ maxDepth: 1 }) as Arbitrary<Json>
  }
}

function goodText(schema: JsonSchema): Arbitrary<string> {
  if (schema['format'] === 'date') return day
  if (schema['format'] === 'date-time') return instant
  if (schema['format'] === 'uuid') return fc.uuid()
  if (schema['format'] === 'email') return fc.nat(1e9).map((n) => `fuzz${n}@example.org`)
  return words
}

type Properties = { readonly [name: string]: JsonSchema }

function goodObject(schema: JsonSchema): Arbitrary<Json> {
  const properties = Object.entries((schema['properties'] ?? {}) as Properties)
  if (properties.length === 0) {
    const values = (schema['additionalProperties'] ?? {}) as JsonSchema
    return fc.dictionary(fc.constantFrom('site', 'line', 'system'), good(values), { maxKeys: 3 })
  }
  return fc.record(
    Object.fromEntries(properties.map(([name, property]) => [name, good(property)])),
  ) as Arbitrary<Json>
}
