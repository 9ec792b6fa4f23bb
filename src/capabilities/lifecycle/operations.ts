/** The lifecycles, as data: what clients draw boards and buttons from. */
import { z } from 'zod'
import { categories } from '#domain/lifecycle.ts'
import { lifecycleNames, lifecycles } from '#domain/lifecycles.ts'
import { accept } from '#domain/refusal.ts'
import { everyone, operation } from '#platform/operation.ts'

const lifecycleView = z.object({
  name: z.enum(lifecycleNames),
  version: z.int(),
  initial: z.string(),
  states: z.record(
    z.string(),
    z.object({
      category: z.enum(categories),
      editable: z.array(z.object({ by: z.array(z.string()), fields: z.array(z.string()) })),
    }),
  ),
  transitions: z.array(
    z.looseObject({ name: z.string(), from: z.string(), to: z.string(), by: z.array(z.string()) }),
  ),
})

export const list = operation({
  name: 'lifecycle.list',
  summary: 'List the lifecycles with their states, transitions and gates',
  http: ['GET', '/v1/lifecycles'],
  permission: everyone,
  mutates: false,
  example: '',
  input: z.strictObject({}),
  output: z.object({ data: z.array(lifecycleView), next_cursor: z.null() }),
  run() {
    const data = lifecycleNames.map((name) => structuredClone(lifecycles[name])) as z.output<
      typeof lifecycleView
    >[]
    return Promise.resolve(accept({ data, next_cursor: null }))
  },
})
