import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { deskChannelOption, voiceChannel } from './options.ts';

/** `/desk invite`: another staff channel joins the call. Only from the staff's channel. */
export const deskInvite = command({
  key: 'command.desk.invite',
  options: [deskChannelOption],
  rule: 'desk',
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    return reply(context.language, await ownGuild(context).desk(context.userId, 'invite', channel?.channelId));
  },
});
