/**
 * Words and tags of a list: which work orders have them, and how a page of those is found best. Both ways give
 * the same page. Common words are met soon by whoever walks the list in its own order; rare ones are found by
 * their index, which gives every match of the tenant and so must not be asked for common ones.
 */
import { sql } from '#platform/sql.ts'
import type { Sql } from '#platform/sql.ts'
import type { Tx } from '#platform/tx.ts'
import type { ListInput } from './schema.ts'

export type Search = { readonly fragments: readonly string[]; readonly tags: readonly string[] }
export type Sample = { readonly read: number; readonly matched: number }

/** Undefined where a list asks for neither words nor tags. */
export function toSearch({ q, tags }: Pick<ListInput, 'q' | 'tags'>): Search | undefined {
  const fragments = q?.split(/\s+/).filter((fragment) => fragment !== '') ?? []
  return fragments.length === 0 && tags === undefined ? undefined : { fragments, tags: tags ?? [] }
}

/** The same condition as that of search_work_orders, on a row `t` of work_order_texts; lower() is the database's in both. */
export function matching({ fragments, tags }: Search): Sql {
  const patterns = fragments.map((fragment) => `%${fragment.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`)
  return sql`t.words like all (array(select lower(pattern) from unnest(${patterns}::text[]) pattern)) and t.tags @> ${tags}::text[]`
}

/** Ids by the index: every match, or the newest of them where `most` says how many. */
export function foundByIndex(search: Search, newest: { before: string | null; most: number } | null): Sql {
  const tags = search.tags.length === 0 ? null : search.tags
  return sql`select search_work_orders(${search.fragments}::text[], ${tags}::text[], ${newest?.before ?? null}::uuid, ${newest?.most ?? null}::integer)`
}

const sampled = 2000
const shortestWalk = 1000
const longestWalk = 10_000

/**
 * How many of the newest work orders match: about a millisecond, and enough to tell common from rare. The half
 * with fewer speaks for both, because words that came up in one week are not common for that.
 */
export async function loadSample(tx: Tx, search: Search): Promise<Sample> {
  const half = sql`${sampled / 2}::integer`
  const [sample] = await tx.rows<Sample>`
    with sample as (
      (select true as newer, words, tags from work_order_texts order by work_order_id desc limit ${half})
      union all
      (select false, words, tags from work_order_texts order by work_order_id desc limit ${half} offset ${half}))
    select count(*)::integer as read,
           2 * least(count(*) filter (where newer and matches), count(*) filter (where not newer and matches))::integer as matched
      from (select t.newer, ${matching(search)} as matches from sample t) t`
  return sample ?? { read: 0, matched: 0 }
}

/**
 * How many work orders to walk, try after try, before the index is asked after all; none where the words are
 * too rare. The first try is twice what the sample lets expect; the last is for filters that seldom meet the
 * words. A tenant that the sample has read whole is walked whole: the index holds the words of all tenants,
 * and what the others have must not slow it down.
 */
export function toWalks({ read, matched }: Sample, most: number): readonly number[] {
  if (read < sampled) return [sampled]
  const twice = Math.ceil((2 * most * read) / matched)
  if (twice > longestWalk) return []
  const first = Math.max(shortestWalk, twice)
  return first > longestWalk / 2 ? [first] : [first, longestWalk]
}
