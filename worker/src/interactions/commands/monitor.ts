import { type Command, mayDo, ownGuild, textOption } from '../command.ts';

const MANAGE_GUILD = 1n << 5n;
const refusal = 'You need the permission Manage Server for monitors.';

/** `/monitor [channel]`: the caller's channel listens to a running call. */
export const monitor: Command = async (context) => {
  if (!mayDo(context, MANAGE_GUILD)) return refusal;
  return (await ownGuild(context).monitor(context.userId, textOption(context, 'channel'))).message;
};

/** `/monitors allow|deny`: whether other servers' monitors may listen to calls with this one. */
export const monitors =
  (allow: boolean): Command =>
  async (context) =>
    mayDo(context, MANAGE_GUILD) ? (await ownGuild(context).allowMonitors(allow)).message : refusal;
