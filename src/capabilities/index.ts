/** Every operation there is. The doors, the documents and the permission matrix read this list. */
import type { Operation } from '#platform/operation.ts'
import * as asset from './asset/operations.ts'
import * as attachment from './attachment/operations.ts'
import * as comment from './comment/operations.ts'
import * as event from './event/operations.ts'
import * as key from './key/operations.ts'
import * as lifecycle from './lifecycle/operations.ts'
import * as me from './me/operations.ts'
import * as principal from './principal/operations.ts'
import { create } from './work-order/create.ts'
import { get, history, list } from './work-order/read.ts'
import { transition, transitions } from './work-order/transition.ts'
import { acknowledge, hold, release, update } from './work-order/update.ts'

export const operations = [
  create,
  get,
  list,
  update,
  transition,
  transitions,
  history,
  hold,
  release,
  acknowledge,
  comment.add,
  comment.list,
  attachment.add,
  attachment.list,
  attachment.get,
  asset.create,
  asset.get,
  asset.list,
  asset.update,
  principal.create,
  principal.get,
  principal.list,
  principal.disable,
  principal.enable,
  principal.grant,
  principal.revoke,
  key.create,
  key.list,
  key.revoke,
  event.list,
  me.me,
  lifecycle.list,
] as const satisfies readonly Operation[]

/** @public What the types of clients are read off. */
export type Operations = (typeof operations)[number]
