import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { monitoredChannelOption, voiceChannel } from './options.ts';

/** `/monitor start [channel]`: the caller's channel listens to a running call. Everybody in it is told. */
export const monitorStart = command({
  key: 'command.monitor.start',
  options: [monitoredChannelOption],
  rule: 'monitor',
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    return reply(context.language, await ownGuild(context).monitor(context.userId, channel?.channelId));
  },
});
