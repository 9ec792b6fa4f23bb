/** The registries: experiences that people are rated in, tools with how many there are, calendars of working time. */
import { z } from 'zod'
import { findShiftProblems } from '#domain/availability.ts'
import type { ShiftCalendar } from '#domain/availability.ts'
import { loadPrincipal } from '../principal/store.ts'
import { inOurTimes, line, text } from '../work-order/schema.ts'
import { declareRegistry } from './registry.ts'

export const experience = declareRegistry(
  {
    type: 'experience',
    path: '/v1/experiences',
    one: 'an experience that people are rated in',
    many: 'the experiences of the tenant',
    example: '--name "Thread milling" --description "cuts threads in hard alloys"',
  },
  { description: text(5000).optional() },
)

export const tool = declareRegistry(
  {
    type: 'tool',
    path: '/v1/tools',
    one: 'a tool, with how many there are',
    many: 'the tools of the tenant',
    example: '--name "bore gauge" --quantity 2 --location "Workshop"',
  },
  {
    quantity: z.int().min(1).max(10_000).default(1).describe('how many there are'),
    location: line(200).optional(),
    calibration_due: z.iso
      .date()
      .refine(inOurTimes, 'must be between 1900 and 2199')
      .optional()
      .describe('YYYY-MM-DD; from the day after (UTC) on it is not set aside'),
    keeper: line(200).optional().describe('name of who is told before the calibration is due'),
    description: text(5000).optional(),
  },
  async ({ keeper }, tx) => {
    const known = typeof keeper !== 'string' || (await loadPrincipal(tx, keeper))?.name === keeper
    return known ? [] : [{ path: 'keeper', message: 'is the name of nobody here' }]
  },
)

const dayPart = z.strictObject({
  date: z.string().max(10).describe('YYYY-MM-DD'),
  start: z.string().max(5).optional().describe('HH:MM; the whole day when left out'),
  end: z.string().max(5).optional(),
})

export const calendar = declareRegistry(
  {
    type: 'calendar',
    path: '/v1/calendars',
    one: 'a calendar of working time',
    many: 'the calendars of the tenant',
    example: `--name day-shift --time-zone Europe/Berlin --shifts '[{"weekdays":[1,2,3,4,5],"start":"07:00","end":"15:30"}]'`,
  },
  {
    time_zone: line(100).describe('IANA name, such as Europe/Berlin'),
    shifts: z
      .array(
        z.strictObject({
          weekdays: z.array(z.int()).min(1).max(7).describe('days on which it begins: 1 is Monday'),
          start: z.string().max(5).describe('HH:MM'),
          end: z.string().max(5).describe('HH:MM; not after the start: on the next day'),
        }),
      )
      .max(50),
    holidays: z.array(dayPart).max(1000).default([]),
    extra_shifts: z.array(dayPart).max(1000).default([]),
    valid_from: z.string().max(10).nullable().default(null),
    valid_until: z
      .string()
      .max(10)
      .nullable()
      .default(null)
      .describe('the first day on which it does not count'),
  },
  (body) => findShiftProblems(body as unknown as ShiftCalendar),
)
