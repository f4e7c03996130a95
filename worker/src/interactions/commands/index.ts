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
import { captionsChannel } from './captions-channel.ts';
import { captionsKeytermsAdd, captionsKeytermsList, captionsKeytermsRemove } from './captions-keyterms.ts';
import { captionsLanguage } from './captions-language.ts';
import { captionsSettings } from './captions-settings.ts';
import { captionsStart } from './captions-start.ts';
import { captionsStatus } from './captions-status.ts';
import { captionsStop } from './captions-stop.ts';
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
import { privacyOptin } from './privacy-optin.ts';
import { privacyOptout } from './privacy-optout.ts';
import { privacyStatus } from './privacy-status.ts';
import { recordNote } from './record-note.ts';
import { recordStart } from './record-start.ts';
import { recordStatus } from './record-status.ts';
import { recordStop } from './record-stop.ts';
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
import { setupRecordCategory } from './setup-record-category.ts';
import { setupRecordChannel } from './setup-record-channel.ts';
import { setupRecordLimit } from './setup-record-limit.ts';
import { setupRecordRemove } from './setup-record-remove.ts';
import { setupRelay } from './setup-relay.ts';
import { setupReportsOff } from './setup-reports-off.ts';
import { setupReportsOn } from './setup-reports-on.ts';
import { setupReset } from './setup-reset.ts';
import { setupRetention } from './setup-retention.ts';
import { setupShow } from './setup-show.ts';
import { setupStaff } from './setup-staff.ts';
import { setupUnblock } from './setup-unblock.ts';

export const commandList: readonly Command[] = [
  callJoin,
  callLeave,
  callNext,
  callStop,
  callStatus,
  callReport,
  captionsStart,
  captionsStop,
  captionsStatus,
  captionsLanguage,
  captionsChannel,
  captionsSettings,
  captionsKeytermsAdd,
  captionsKeytermsRemove,
  captionsKeytermsList,
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
  setupRecordCategory,
  setupRecordChannel,
  setupRecordRemove,
  setupRecordLimit,
  setupStaff,
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
  recordStart,
  recordStop,
  recordStatus,
  recordNote,
  privacyOptout,
  privacyOptin,
  privacyStatus,
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
