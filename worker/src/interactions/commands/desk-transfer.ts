import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { deskChannelOption, voiceChannel } from './options.ts';

/** `/desk transfer`: hands the call on to another staff channel. Only from the staff's channel. */
export const deskTransfer = command({
  key: 'command.desk.transfer',
  options: [deskChannelOption],
  rule: 'desk',
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    return reply(context.language, await ownGuild(context).desk(context.userId, 'transfer', channel?.channelId));
  },
});
