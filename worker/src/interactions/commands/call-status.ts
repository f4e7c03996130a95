import { command, ownGuild } from '../command.ts';
import { recordWords } from '../record-words.ts';
import { refusal, statusWords } from '../words.ts';
import { channelOption } from './options.ts';

/** `/call status`: idle, waiting at which place, or in a call with whom and for how long. */
export const callStatus = command({
  key: 'command.call.status',
  options: [channelOption],
  // Nobody learns here of a channel that Discord does not show them.
  rule: 'call.status',
  target: true,
  run: async (context) => {
    const status = await ownGuild(context).status(context.target.channelId);
    if (!status) return refusal(context.say('voice_channel_needed'), 'voice_channel_needed');
    const recording = status.record.recording ? recordWords(context.language, status.record) : [];
    return [statusWords(context.language, status, Date.now()), ...recording].join(' ');
  },
});
