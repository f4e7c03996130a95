/**
 * Every command. To add one: write a file like its neighbours, give its name and description (and those of its options) to
 * `texts/en.ts` and `texts/it.ts`, list it here, and run `npm run commands:register`.
 */
import type { Command } from '../command.ts';
import type { AskedPermission } from '../permissions.ts';
import { callJoin } from './call-join.ts';
import { callLeave } from './call-leave.ts';
import { callNext } from './call-next.ts';
import { callReport } from './call-report.ts';
import { callStatus } from './call-status.ts';
import { callStop } from './call-stop.ts';
import { deskHold } from './desk-hold.ts';
import { deskInvite } from './desk-invite.ts';
import { deskResume } from './desk-resume.ts';
import { deskTransfer } from './desk-transfer.ts';
import { download } from './download.ts';
import { invite } from './invite.ts';
import { leave } from './leave.ts';
import { monitorStart } from './monitor-start.ts';
import { monitorStop } from './monitor-stop.ts';
import { monitorsAllow } from './monitors-allow.ts';
import { monitorsDeny } from './monitors-deny.ts';
import { recordingDelete } from './recording-delete.ts';
import { recordingErase } from './recording-erase.ts';
import { records } from './records.ts';
import { recover } from './recover.ts';
import { reportsList } from './reports-list.ts';
import { reportsRead } from './reports-read.ts';
import { setupAfterEnd } from './setup-after-end.ts';
import { setupBlock } from './setup-block.ts';
import { setupChannel } from './setup-channel.ts';
import { setupLimits } from './setup-limits.ts';
import { setupMailAdd } from './setup-mail-add.ts';
import { setupMailRemove } from './setup-mail-remove.ts';
import { setupPanel } from './setup-panel.ts';
import { setupRelay } from './setup-relay.ts';
import { setupReportsOff } from './setup-reports-off.ts';
import { setupReportsOn } from './setup-reports-on.ts';
import { setupReset } from './setup-reset.ts';
import { setupRetention } from './setup-retention.ts';
import { setupShow } from './setup-show.ts';
import { setupUnblock } from './setup-unblock.ts';

export const commandList: readonly Command[] = [
  callJoin,
  callLeave,
  callNext,
  callStop,
  callStatus,
  callReport,
  leave,
  invite,
  deskHold,
  deskResume,
  deskTransfer,
  deskInvite,
  monitorStart,
  monitorStop,
  monitorsAllow,
  monitorsDeny,
  setupChannel,
  setupAfterEnd,
  setupLimits,
  setupPanel,
  setupRelay,
  setupReportsOn,
  setupReportsOff,
  setupRetention,
  setupMailAdd,
  setupMailRemove,
  setupBlock,
  setupUnblock,
  setupShow,
  setupReset,
  reportsList,
  reportsRead,
  records,
  download,
  recover,
  recordingDelete,
  recordingErase,
];

/** Commands that Discord shows only to members with a permission, until a server's admins decide otherwise. */
export const memberPermissions: Readonly<Record<string, AskedPermission>> = {
  setup: 'ManageGuild',
  monitor: 'ManageGuild',
  monitors: 'ManageGuild',
};
