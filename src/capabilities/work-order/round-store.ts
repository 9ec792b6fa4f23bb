/** SQL of rounds: the requirements of a gate and the signatures that were given in it. */
import type { Requirement, Round } from '#domain/approval.ts'
import { sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'

const openRound = sql`
    select r.id, r.gate, r.reason, r.number, r.policy_version, r.ordered,
           array(select json_build_object('role', q.role, 'count', q.count, 'position', q.position)
                   from approval_requirements q where q.round_id = r.id order by q.position, q.id) as requirements,
           array(select json_build_object('role', s.role, 'wo_version', s.wo_version, 'signer_id', s.signer_id, 'on_behalf_of', s.on_behalf_of)
                   from signatures s where s.round_id = r.id order by s.id) as given
      from approval_rounds r`

/** The open round of the gate at which a work order stands; it has one at most. */
export const loadOpenRound = (tx: Tx, workOrderId: string): Promise<Round | undefined> =>
  tx.maybe<Round>`${openRound} where r.work_order_id = ${workOrderId} and r.status = 'open' and r.gate <> 'waiver'`

/** The round in which its waiver is signed; asked for beside its gate, one at most. */
export const loadWaiverRound = (tx: Tx, workOrderId: string): Promise<Round | undefined> =>
  tx.maybe<Round>`${openRound} where r.work_order_id = ${workOrderId} and r.status = 'open' and r.gate = 'waiver'`

export async function countRounds(tx: Tx, workOrderId: string, gate: string): Promise<number> {
  const row = await tx.maybe<{ count: number }>`
    select count(*)::integer as count from approval_rounds where work_order_id = ${workOrderId} and gate = ${gate}`
  return row?.count ?? 0
}

export type PlannedRequirement = Requirement & {
  readonly due_at: string | null
  readonly next_step_at: string | null
}
export type NewRound = Omit<Round, 'given' | 'requirements'> & {
  readonly work_order_id: string
  readonly opened_at: string
  readonly requirements: readonly PlannedRequirement[]
}

export function insertRound(tx: Tx, round: NewRound): void {
  tx.write(1)`
    insert into approval_rounds (id, work_order_id, gate, number, policy_version, ordered, opened_at, reason)
    values (${round.id}, ${round.work_order_id}, ${round.gate}, ${round.number}, ${round.policy_version}, ${round.ordered},
            ${round.opened_at}, ${round.reason ?? null})`
  for (const { role, count, position, due_at, next_step_at } of round.requirements) {
    tx.write(1)`
      insert into approval_requirements (id, round_id, work_order_id, role, count, position, due_at, next_step_at)
      values (${tx.newId()}, ${round.id}, ${round.work_order_id}, ${role}, ${count}, ${position}, ${due_at}, ${next_step_at})`
  }
}

export function updateRound(
  tx: Tx,
  id: string,
  status: 'passed' | 'returned' | 'withdrawn',
  closedAt: string,
): void {
  tx.write(1)`
    update approval_rounds set status = ${status}, closed_at = ${closedAt} where id = ${id} and status = 'open'`
}
