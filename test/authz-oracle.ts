/**
 * The oracle of the permission matrix, written by hand from the domain's page on roles and the fleet's
 * seeds, never from what the operations declare. One row is one operation in one case; a row may have a tool.
 *
 * Columns (each a principal of the tenant acme-bio, unless said; the record is somebody else's, unless said):
 *   adm admin · own system_owner of every asset · own' of another asset than the record's · qa · pm assigner
 *   cap captain · op operator · req operator, who requested it · asg operator, whose work it is · aud auditor
 *   ven vendor, whose work it is · ven' vendor, another's work · agt agent (operator) · agt+ agent, whose work
 *   it is · acap agent captain · a0 agent with no grants · ax agent granted captain, assigner and operator by
 *   a sponsor who has none of them · sys system (operator) · prx system:captain-proxy · dis disabled · orp
 *   agent whose sponsor is disabled · oth captain and admin of another tenant, with the ids of this one
 *   nob no key · gar a key that nobody was given
 *
 * Cells:
 *   ok    done, and what is asked for is in the answer      none  an answer without the record
 *   no    never allowed to this caller: 403, and the tool is not in its list, nor there when it is called
 *   401 403 404 409 422  refused with that status, over MCP too
 */
import { table } from './table.ts'

export const oracle = table`
  operation               | case                    | tool                     | adm | own | own' | qa  | pm  | cap | op  | req | asg | aud | ven | ven' | agt | agt+ | acap | a0  | ax  | sys | prx | dis | orp | oth  | nob | gar
  work_order.create       | change-control          | work_order_create        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 422  | 401 | 401
  work_order.create       | fleet                   | create_work_order        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 422  | 401 | 401
  work_order.get          | by id                   | work_order_get           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  work_order.get          | by number, with history | get_work_order_detail    | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  work_order.list         | by a word               | work_order_list          | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | none | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  work_order.list         | of the fleet            | list_work_orders         | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | none | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  work_order.update       | title of a draft        | work_order_update        | 403 | ok  | 403  | 403 | ok  | 403 | 403 | ok  | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  work_order.update       | notes in progress       | work_order_update        | 403 | 403 | 403  | 403 | 403 | 403 | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  work_order.update       | priority, fleet         | patch_wo_fields          | 403 | 403 | 403  | 403 | ok  | ok  | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.update       | title of a final one    | work_order_update        | 409 | 409 | 409  | 409 | 409 | 409 | 409 | 409 | 409 | no  | 409 | 404  | 409 | 409  | 409  | 409 | 409 | 409 | 409 | 401 | 401 | 404  | 401 | 401
  work_order.transition   | submit                  | work_order_transition    | 403 | ok  | 403  | 403 | ok  | 403 | 403 | ok  | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  work_order.transition   | start                   | work_order_transition    | 403 | 403 | 403  | 403 | 403 | 403 | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  work_order.transition   | block                   | work_order_transition    | 403 | 403 | 403  | 403 | 403 | 403 | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | 403  | 403 | 403 | ok  | ok  | 401 | 401 | 404  | 401 | 401
  work_order.transition   | close                   | work_order_transition    | 403 | ok  | 403  | 403 | ok  | 403 | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  work_order.transition   | cancel                  | work_order_transition    | ok  | ok  | 403  | 403 | ok  | 403 | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  work_order.transition   | release, regulatory     | work_order_transition    | 409 | 409 | 409  | 409 | 409 | 409 | 409 | 409 | 409 | no  | 409 | 404  | 409 | 409  | 409  | 409 | 409 | 409 | 409 | 401 | 401 | 404  | 401 | 401
  work_order.transition   | accept, fleet           | accept_work_order        | 403 | 403 | 403  | 403 | 403 | ok  | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.transition   | start, fleet            | update_work_order_status | 403 | 403 | 403  | 403 | 403 | ok  | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.transition   | complete, fleet         | complete_work_order      | 403 | 403 | 403  | 403 | 403 | ok  | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.transition   | approve, fleet          | verify_work_order        | 403 | 403 | 403  | 403 | 403 | ok  | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.transition   | cancel, fleet           | update_work_order_status | 403 | 403 | 403  | 403 | 403 | ok  | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.transitions  |                         | list_transitions         | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  work_order.history      |                         | work_order_history       | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  work_order.hold         |                         | work_order_hold          | 403 | ok  | 403  | 403 | ok  | ok  | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.release_hold |                         | work_order_release_hold  | 403 | ok  | 403  | 403 | ok  | ok  | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | ok   | 403 | 403 | 403 | ok  | 401 | 401 | 404  | 401 | 401
  work_order.acknowledge  |                         | work_order_acknowledge   | 403 | 403 | 403  | 403 | 403 | 403 | 403 | 403 | ok  | no  | ok  | 404  | 403 | ok   | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  approval.intend         | as QA                   | -                        | 403 | 403 | 403  | ok  | 403 | 403 | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  approval.intend         | as system owner         | -                        | 403 | ok  | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  approval.sign           | one's own intent        | -                        | 404 | ok  | 404  | ok  | 404 | 404 | 404 | 404 | 404 | no  | 404 | 404  | 404 | 404  | 404  | 404 | 404 | 404 | 404 | 401 | 401 | 404  | 401 | 401
  approval.sign           | somebody else's intent  | -                        | 404 | 404 | 404  | 404 | 404 | 404 | 404 | 404 | 404 | no  | 404 | 404  | 404 | 404  | 404  | 404 | 404 | 404 | 404 | 401 | 401 | 404  | 401 | 401
  approval.reject         |                         | -                        | 403 | ok  | 403  | ok  | 403 | 403 | 403 | 403 | 403 | no  | 403 | 404  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  approval.get            |                         | approval_get             | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  approval.pending        |                         | approval_pending         | none| ok  | none | ok  | none| none| none| none| none| none| none| none | none| none | none | none| none| none| none| 401 | 401 | none | 401 | 401
  comment.add             |                         | comment_add              | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  comment.list            |                         | comment_list             | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  attachment.add          |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  attachment.list         |                         | attachment_list          | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  attachment.get          |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  asset.create            |                         | asset_create             | ok  | ok  | 403  | no  | ok  | ok  | no  | no  | no  | no  | no  | no   | no  | no   | ok   | no  | no  | no  | ok  | 401 | 401 | 422  | 401 | 401
  asset.get               |                         | asset_get                | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  asset.list              |                         | asset_list               | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  asset.update            | any asset               | asset_update             | ok  | ok  | 403  | no  | ok  | ok  | no  | no  | no  | no  | no  | no   | no  | no   | ok   | no  | no  | no  | ok  | 401 | 401 | 404  | 401 | 401
  asset.update            | the one that own' has   | asset_update             | ok  | ok  | ok   | no  | ok  | ok  | no  | no  | no  | no  | no  | no   | no  | no   | ok   | no  | no  | no  | ok  | 401 | 401 | 404  | 401 | 401
  principal.create        |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 422  | 401 | 401
  principal.get           |                         | principal_get            | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  principal.list          |                         | principal_list           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  principal.disable       |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  principal.enable        |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  principal.grant         |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  principal.revoke        |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  principal.set_manager   |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  absence.add             | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  absence.add             | somebody else's         | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 422  | 401 | 401
  absence.list            |                         | absence_list             | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  absence.remove          | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  absence.remove          | somebody else's         | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  policy.get              |                         | policy_get               | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  policy.history          |                         | policy_history           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  policy.set              |                         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 422  | 401 | 401
  policy.preview          |                         | policy_preview           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  delegation.propose      | one's own role          | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 422  | 401 | 401
  delegation.propose      | somebody else's role    | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 422  | 401 | 401
  delegation.propose      | to an agent             | -                        | 422 | 422 | 422  | 422 | 422 | 422 | 422 | 422 | 422 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 422  | 401 | 401
  delegation.accept       | given to oneself        | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  delegation.accept       | of two others           | -                        | 403 | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  delegation.decline      | given to oneself        | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  delegation.decline      | of two others           | -                        | 403 | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  delegation.revoke       | given to oneself        | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  delegation.revoke       | of two others           | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  delegation.list         |                         | delegation_list          | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  delegation.get          |                         | delegation_get           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  principal.set_password  | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | ok   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  principal.set_password  | somebody else's         | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | 403 | 403  | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  signing_key.begin       |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  signing_key.enroll      |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  signing_key.list        | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  signing_key.list        | somebody else's         | -                        | ok  | 403 | 403  | ok  | 403 | 403 | 403 | 403 | 403 | ok  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  signing_key.get         | somebody else's         | -                        | ok  | 404 | 404  | ok  | 404 | 404 | 404 | 404 | 404 | ok  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  signing_key.confirm     | somebody else's         | -                        | ok  | no  | no   | ok  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  signing_key.revoke      | somebody else's         | -                        | ok  | 404 | 404  | 403 | 404 | 404 | 404 | 404 | 404 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  signing.attestation     |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  signing.attest          |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | ok   | 401 | 401
  signing.unlock          | somebody else's         | -                        | ok  | no  | no   | no  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  key.create              | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
  key.create              | somebody else's         | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | 403 | 403  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  key.list                | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
  key.list                | somebody else's         | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403 | 403  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  key.revoke              | one's own               | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | no  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  key.revoke              | somebody else's         | -                        | ok  | 403 | 403  | 403 | 403 | 403 | 403 | 403 | 403 | no  | 403 | 403  | 403 | 403  | 403  | 403 | 403 | 403 | 403 | 401 | 401 | 404  | 401 | 401
  event.list              |                         | list_events              | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | none | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  finding.list            |                         | finding_list             | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | none | 401 | 401
  finding.get             |                         | finding_get              | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  finding.history         |                         | finding_history          | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | no  | no   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  finding.assign          |                         | -                        | ok  | no  | no   | ok  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  finding.resolve         |                         | -                        | ok  | 403 | 403  | ok  | 403 | 403 | 403 | 403 | 403 | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  finding.close           |                         | -                        | ok  | no  | no   | ok  | no  | no  | no  | no  | no  | no  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  pack.export             | of a work order         | -                        | ok  | ok  | ok   | ok  | ok  | no  | no  | no  | no  | ok  | no  | no   | no  | no   | no   | no  | no  | no  | no  | 401 | 401 | 404  | 401 | 401
  log.checkpoint          |                         | log_checkpoint           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
  log.inclusion           |                         | log_inclusion            | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | 404  | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | 404  | 401 | 401
  log.consistency         |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
  log.tile                |                         | -                        | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
  me.get                  |                         | me_get                   | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
  lifecycle.list          |                         | lifecycle_list           | ok  | ok  | ok   | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok  | ok   | ok  | ok   | ok   | ok  | ok  | ok  | ok  | 401 | 401 | ok   | 401 | 401
`
