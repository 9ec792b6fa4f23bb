/** Ids are UUIDs; whatever else a reference says is a name, a tag or a number. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isId = (ref: string): boolean => uuid.test(ref)
