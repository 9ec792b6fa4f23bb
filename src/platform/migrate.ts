/**
 * Forward-only SQL migrations, each in its own transaction, as docket_owner, under one advisory lock. A file
 * that was applied and then changed, or a schema newer than this program, stops the start with a sentence.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type pg from 'pg'
import { SetupProblem } from './error.ts'

const folder = new URL('../../db/', import.meta.url)

type Migration = { readonly name: string; readonly text: string; readonly sha256: string }

export function listMigrations(): Migration[] {
  return readdirSync(new URL('migrations/', folder))
    .filter((name) => /^\d{4}_[a-z_]+\.sql$/.test(name))
    .toSorted()
    .map((name) => {
      const text = readFileSync(new URL(`migrations/${name}`, folder), 'utf8')
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') }
    })
}

/** Applies what is missing; gives the names that it applied. The client's role must be able to become docket_owner. */
export async function migrate(client: pg.Client): Promise<string[]> {
  await client.query(`select pg_advisory_lock(hashtext('docket.migrate'))`)
  try {
    await client.query(readFileSync(new URL('roles.sql', folder), 'utf8'))
    await makeOwner(client)
    await client.query(
      'create table if not exists docket_migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())',
    )
    const { rows } = await client.query<{ name: string; sha256: string }>(
      'select name, sha256 from docket_migrations',
    )
    const missing = listMissing(new Map(rows.map((row) => [row.name, row.sha256])))
    for (const migration of missing) await apply(client, migration)
    return missing.map((migration) => migration.name)
  } finally {
    await client.query('reset role')
    await client.query(`select pg_advisory_unlock(hashtext('docket.migrate'))`)
  }
}

/**
 * The schema belongs to docket_owner, who may create in the database; from here on the session is docket_owner.
 * The database keeps its owner: giving it away would need more rights than CREATEROLE.
 */
async function makeOwner(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ database: string; member: boolean; creates: boolean }>(
    `select current_database() as database, pg_has_role(current_user, 'docket_owner', 'set') as member,
            has_database_privilege('docket_owner', current_database(), 'create') as creates`,
  )
  const [row] = rows
  if (row?.member === false) await client.query('grant docket_owner to current_user')
  if (row?.creates === false)
    await client.query(`grant create on database ${client.escapeIdentifier(row.database)} to docket_owner`)
  await client.query('alter schema public owner to docket_owner')
  await client.query('grant docket_search to docket_owner')
  await client.query('set role docket_owner')
}

function listMissing(applied: ReadonlyMap<string, string>): Migration[] {
  const known = listMigrations()
  const newer = [...applied.keys()].filter((name) => !known.some((migration) => migration.name === name))
  if (newer.length > 0) {
    throw new SetupProblem(
      `The database has the newer schema ${newer.toSorted().at(-1)}, which this version of Docket does not know: install the version that made it, or restore a backup from before.`,
    )
  }
  const changed = known.find((migration) => {
    const sha256 = applied.get(migration.name)
    return sha256 !== undefined && sha256 !== migration.sha256
  })
  if (changed !== undefined) {
    throw new SetupProblem(
      `The migration ${changed.name} was changed after it was applied to this database: put the original file back and write a new migration.`,
    )
  }
  return known.filter((migration) => !applied.has(migration.name))
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(migration.text)
    await client.query('insert into docket_migrations (name, sha256) values ($1, $2)', [
      migration.name,
      migration.sha256,
    ])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}
