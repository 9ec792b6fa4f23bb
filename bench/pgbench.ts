/** PostgreSQL's own load generator, where it is installed: the same update and entry, in C instead of Node. */
import { spawnSync } from 'node:child_process'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './world.ts'

const places = ['/usr/lib/postgresql/*/bin/pgbench', '/usr/local/bin/pgbench', '/usr/bin/pgbench']

/** Transitions per second; undefined where pgbench is not installed. */
export function runPgbench(
  world: World,
  ids: readonly string[],
  connections: number,
  seconds: number,
): number | undefined {
  const program = places.flatMap((place) => globSync(place)).at(-1)
  if (program === undefined) return undefined
  const list = ids
    .slice(0, connections)
    .map((id) => `'${id}'`)
    .join(', ')
  const script = join(world.folder, 'transitions.sql')
  // Each client moves one work order to and fro.
  writeFileSync(
    script,
    `with entry as (
       insert into entries (id, record_kind, record_id, seq, action, actor_id, at, leaf, body)
       select uuidv7(), 'work_order', w.id, w.entry_seq + 1, 'blocked', '${world.operator.id}', now(),
              sha256('\\x00'::bytea || convert_to(repeat('x', 700), 'UTF8')), convert_to(repeat('x', 700), 'UTF8')
         from work_orders w where w.id = (array[${list}])[:client_id + 1]::uuid
       returning id, seq, leaf)
     update work_orders
        set status = case status when 'blocked' then 'in_progress' else 'blocked' end,
            category = case status when 'blocked' then 'active' else 'held' end,
            notes = 'waiting for the endpoint', version = version + 1, updated_at = now(),
            entry_seq = (select seq from entry), entry_id = (select id from entry), entry_head = (select leaf from entry)
      where id = (array[${list}])[:client_id + 1]::uuid;\n`,
  )
  const url = new URL(world.service.installation.urlOf('docket_app'))
  const done = spawnSync(
    program,
    [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(connections),
      '-j',
      '2',
      '-T',
      String(seconds),
      '-f',
      script,
      'docket',
    ],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        PGHOST: url.hostname,
        PGPORT: url.port,
        PGUSER: url.username,
        PGPASSWORD: decodeURIComponent(url.password),
        PGOPTIONS: `-c plan_cache_mode=force_generic_plan -c docket.tenant_id=${world.operator.tenantId}`,
      },
    },
  )
  const rate = /tps = ([\d.]+)/.exec(done.stdout)?.[1]
  if (rate === undefined) throw new Error(`pgbench failed: ${done.stderr}`)
  return Number(rate)
}
