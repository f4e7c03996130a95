import { ulidSchema } from '@patchbay/shared/ids';
import { recordingOf } from '../../env.ts';
import { command, textOption } from '../command.ts';
import { refusal } from '../words.ts';
import { sessionOption } from './download.ts';

/** `/recover`: makes a recording again from its chunks, also one that nothing but the bucket knows of. */
export const recover = command({
  key: 'command.recover',
  rule: 'recording.recover',
  options: [sessionOption],
  run: async (context) => {
    const { env, say, userId, guildId } = context;
    const sessionId = (textOption(context, 'session') ?? '').trim();
    if (!ulidSchema.safeParse(sessionId).success) return refusal(say('recording.unknown'), 'unknown');
    const answer = await recordingOf(env, sessionId).recover({ sessionId, actorId: userId, guildId });
    if (answer.ok) return say('recording.recovered', { session: sessionId, chunks: answer.chunks });
    return refusal(say(`recording.${answer.code}`, { session: sessionId }), answer.code);
  },
});
