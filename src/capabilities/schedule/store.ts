/** SQL of schedules: what was asked, how far it is, what was answered. */
import { isId } from '#platform/id.ts'
import type { Tx } from '#platform/tx.ts'
import type { Answer, Ask, Progress } from './ask.ts'

export type ScheduleRow = {
  readonly id: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly ask: Ask
  readonly progress: Progress | null
  readonly answer: Answer | null
  readonly fault: string | null
  readonly stop_asked: boolean
  readonly created_by: string
  readonly created_at: string
  readonly ended_at: string | null
  readonly booked_at: string | null
}

export const loadSchedule = (tx: Tx, id: string): Promise<ScheduleRow | undefined> =>
  tx.maybe<ScheduleRow>`
    select s.id, s.state, s.ask, s.progress, s.answer, s.fault, s.stop_asked, p.name as created_by, s.created_at, s.ended_at, s.booked_at
      from schedules s join principals p on p.tenant_id = s.tenant_id and p.id = s.created_by
     where s.id = ${isId(id) ? id : null}`

/** The newest first, without what was asked and answered. */
export const listSchedules = (tx: Tx, before: string | null, limit: number): Promise<ScheduleRow[]> =>
  tx.list<ScheduleRow>`
    select s.id, s.state, s.ask, s.progress, null as answer, s.fault, s.stop_asked, p.name as created_by, s.created_at, s.ended_at, s.booked_at
      from schedules s join principals p on p.tenant_id = s.tenant_id and p.id = s.created_by
     where (${before}::uuid is null or s.id < ${before}::uuid) order by s.id desc limit ${limit}`

export type NewSchedule = Pick<ScheduleRow, 'id' | 'ask' | 'progress' | 'answer' | 'created_at'>

const toJson = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))

/** Answered at once, or to be worked out. */
export function insertSchedule(tx: Tx, { id, ask, progress, answer, created_at }: NewSchedule): void {
  tx.write(1)`
    insert into schedules (id, state, ask, progress, answer, created_by, created_at, beat_at, ended_at)
    values (${id}, ${answer === null ? 'waiting' : 'done'}, ${toJson(ask)}, ${toJson(progress)}, ${toJson(answer)},
            ${tx.actor.id}, ${created_at}, clock_timestamp(), ${answer === null ? null : created_at})`
}

/** Takes one that waits, or whose worker has not been heard of for so long; undefined when somebody else has it. */
export const takeSchedule = (tx: Tx, id: string, silentSeconds: number): Promise<{ ask: Ask } | undefined> =>
  tx.maybe<{ ask: Ask }>`
    update schedules set state = 'running', beat_at = clock_timestamp()
     where id = ${id} and (state = 'waiting' or (state = 'running' and beat_at < clock_timestamp() - make_interval(secs => ${silentSeconds})))
    returning ask`

/** Those that nobody works on. */
export const listAbandoned = (tx: Tx, silentSeconds: number): Promise<{ id: string }[]> =>
  tx.rows<{ id: string }>`
    select id from schedules where state in ('waiting', 'running') and beat_at < clock_timestamp() - make_interval(secs => ${silentSeconds}) order by id`

/** Says that somebody works on it, and hears whether to stop. */
export const beatSchedule = (
  tx: Tx,
  id: string,
  progress: Progress,
): Promise<{ stop_asked: boolean } | undefined> =>
  tx.maybe<{ stop_asked: boolean }>`
    update schedules set progress = ${JSON.stringify(progress)}, beat_at = clock_timestamp() where id = ${id} and state = 'running' returning stop_asked`

export function answerSchedule(
  tx: Tx,
  id: string,
  { answer, progress }: { readonly answer: Answer; readonly progress: Progress },
  at: string,
): void {
  tx.write(1)`
    update schedules set state = 'done', answer = ${JSON.stringify(answer)}, progress = ${JSON.stringify(progress)}, ended_at = ${at} where id = ${id} and state = 'running'`
}

export function failSchedule(tx: Tx, id: string, fault: string, at: string): void {
  tx.write(1)`
    update schedules set state = 'failed', fault = ${fault}, ended_at = ${at} where id = ${id} and state in ('waiting', 'running')`
}

export const askToStop = (tx: Tx, id: string): void =>
  tx.write(1)`update schedules set stop_asked = true where id = ${id}`

export const markBooked = (tx: Tx, id: string, at: string): void =>
  tx.write(1)`update schedules set booked_at = ${at} where id = ${id} and booked_at is null`
