/** Every operation there is. The doors, the documents and the permission matrix read this list. */
import type { Operation } from '#platform/operation.ts'
import * as approval from './approval/operations.ts'
import { sign } from './approval/sign.ts'
import * as completion from './completion/operations.ts'
import * as tenantPolicy from './completion/tenant-policy.ts'
import * as waiver from './completion/waiver.ts'
import * as absence from './absence/operations.ts'
import * as assetHistory from './asset/history.ts'
import * as asset from './asset/operations.ts'
import * as attachment from './attachment/operations.ts'
import * as comment from './comment/operations.ts'
import { lease } from './credential/lease.ts'
import * as delegation from './delegation/operations.ts'
import * as estimates from './estimate/operations.ts'
import { projection } from './estimate/projection.ts'
import * as event from './event/operations.ts'
import * as finding from './finding/operations.ts'
import { criticalPath } from './hierarchy/critical-path.ts'
import * as dependency from './hierarchy/dependency.ts'
import { graph } from './hierarchy/graph.ts'
import { link, unlink } from './hierarchy/link.ts'
import { tree } from './hierarchy/tree.ts'
import * as jobPlan from './job-plan/operations.ts'
import * as key from './key/operations.ts'
import * as lifecycle from './lifecycle/operations.ts'
import * as log from './log/operations.ts'
import * as me from './me/operations.ts'
import * as policy from './policy/operations.ts'
import * as person from './person/operations.ts'
import { rates } from './person/rates.ts'
import { actuals } from './actuals/operations.ts'
import * as cost from './cost/operations.ts'
import * as timeEntry from './time-entry/operations.ts'
import { exportCsv, importCsv } from './registry/operations.ts'
import * as reservation from './reservation/operations.ts'
import { calendar, experience, tool } from './resource/operations.ts'
import { book } from './schedule/book.ts'
import { match } from './schedule/match.ts'
import * as schedule from './schedule/operations.ts'
import { matchSet } from './schedule/match-set.ts'
import { exportPack } from './pack/operations.ts'
import * as principal from './principal/operations.ts'
import { setPassword } from './principal/password.ts'
import * as enrolment from './signing-key/enroll.ts'
import * as signingKey from './signing-key/operations.ts'
import { apply } from './template/apply.ts'
import * as template from './template/operations.ts'
import { utilisation } from './utilisation/operations.ts'
import { createMany } from './work-order/create-batch.ts'
import { create } from './work-order/create.ts'
import { get, history, list } from './work-order/read.ts'
import { transition, transitions } from './work-order/transition.ts'
import { acknowledge, hold, release, update } from './work-order/update.ts'

export const operations = [
  create,
  createMany,
  get,
  list,
  update,
  transition,
  transitions,
  history,
  hold,
  release,
  acknowledge,
  approval.intend,
  sign,
  approval.reject,
  approval.approvals,
  approval.pending,
  comment.add,
  comment.list,
  attachment.add,
  attachment.list,
  attachment.get,
  asset.create,
  asset.get,
  asset.list,
  asset.update,
  assetHistory.history,
  assetHistory.tree,
  assetHistory.qr,
  principal.create,
  principal.get,
  principal.list,
  principal.disable,
  principal.enable,
  principal.grant,
  principal.revoke,
  principal.setManager,
  absence.add,
  absence.list,
  absence.remove,
  policy.get,
  policy.history,
  policy.set,
  policy.preview,
  tenantPolicy.getCompletion,
  tenantPolicy.setCompletion,
  delegation.propose,
  delegation.accepting,
  delegation.declining,
  delegation.revoking,
  delegation.list,
  delegation.get,
  setPassword,
  enrolment.begin,
  enrolment.enroll,
  signingKey.list,
  signingKey.get,
  signingKey.confirm,
  signingKey.revoke,
  signingKey.attestation,
  signingKey.attest,
  signingKey.unlock,
  key.create,
  key.list,
  key.revoke,
  event.list,
  log.checkpoint,
  log.inclusion,
  log.consistency,
  log.tile,
  finding.list,
  finding.get,
  finding.history,
  finding.assign,
  finding.resolve,
  finding.close,
  me.me,
  lifecycle.list,
  link,
  unlink,
  dependency.getDependencies,
  dependency.addDependency,
  dependency.removeDependency,
  dependency.addDependencySet,
  dependency.reduceDependencies,
  completion.completion,
  completion.ready,
  completion.whyBlocked,
  waiver.waive,
  waiver.withdraw,
  jobPlan.get,
  jobPlan.record,
  lease,
  tree,
  graph,
  criticalPath,
  experience.create,
  experience.get,
  experience.list,
  experience.update,
  tool.create,
  tool.get,
  tool.list,
  tool.update,
  calendar.create,
  calendar.get,
  calendar.list,
  calendar.update,
  person.get,
  person.setProfile,
  person.rate,
  person.unrate,
  match,
  schedule.propose,
  schedule.plan,
  schedule.get,
  schedule.list,
  schedule.stop,
  book,
  matchSet,
  reservation.reserve,
  reservation.confirm,
  reservation.release,
  reservation.list,
  timeEntry.start,
  timeEntry.stop,
  timeEntry.log,
  timeEntry.correct,
  timeEntry.voidEntry,
  timeEntry.list,
  cost.add,
  cost.voidLine,
  cost.list,
  actuals,
  rates,
  exportCsv,
  importCsv,
  template.create,
  template.list,
  template.get,
  template.history,
  template.update,
  apply,
  estimates.estimateWorkOrder,
  estimates.estimateKind,
  estimates.calibration,
  projection,
  utilisation,
  exportPack,
] as const satisfies readonly Operation[]

/** @public What the types of clients are read off. */
export type Operations = (typeof operations)[number]
