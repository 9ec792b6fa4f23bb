/**
 * One process at a time. The lock is the kernel's (SQLite's exclusive lock on an empty file), because a lock
 * made of a file and a pid must be stolen when its holder was killed, and two thieves can both succeed;
 * the kernel lets go of a dead process's lock by itself, at once.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { toLockHeld, toNoLock } from '#platform/embedded-problem.ts'

const sqliteBusy = 5

function tryLock(db: DatabaseSync, file: string): boolean {
  try {
    // A journal in memory: the lock must be had, and a server stopped, on a full disk too.
    db.exec('pragma journal_mode = memory')
    db.exec('begin exclusive')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === sqliteBusy) return false
    throw toNoLock(file, error)
  }
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 0 })
  } catch (error) {
    throw toNoLock(file, error)
  }
}

/** Who holds it, for the sentence only: the lock itself never looks at this, and works without. */
function noteHolder(file: string): void {
  try {
    writeFileSync(`${file}-holder`, String(process.pid))
  } catch {
    // A full disk.
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(`${file}-holder`, 'utf8')
  } catch {
    return '(unknown)'
  }
}

export async function withLock<T>(file: string, work: () => Promise<T>, waitMs = 400_000): Promise<T> {
  const db = openLock(file)
  try {
    const deadline = Date.now() + waitMs
    while (!tryLock(db, file)) {
      if (Date.now() > deadline) throw toLockHeld(file, readHolder(file), Math.round(waitMs / 1000))
      await delay(10)
    }
    noteHolder(file)
    return await work()
  } finally {
    db.close()
  }
}
