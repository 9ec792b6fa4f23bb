/** The tenant that a command of the host names, and who acts in it for the host. */
import { loadOperator } from '#capabilities/tenant/found.ts'
import type { Operator } from '#capabilities/tenant/found.ts'
import type { Floor } from '#platform/tx.ts'
import { Refused } from './cli-operation.ts'

export async function requireOperator(floor: Floor, slug: string): Promise<Operator> {
  const operator = await loadOperator(floor, slug)
  if (operator === undefined)
    throw new Refused({
      title: `there is no tenant "${slug}": "docket tenant create ${slug} --name …" founds it`,
    })
  return operator
}
