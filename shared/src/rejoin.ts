/** Back into voice: `POST /api/guilds/:guildId/voice/rejoin`, with any token of the user. */
import { z } from 'zod';
import { snowflake } from './ids.ts';

export const rejoinRequestSchema = z.strictObject({ channelId: snowflake });
export type RejoinRequest = z.infer<typeof rejoinRequestSchema>;

/** `link`: open one of these; Discord asks nothing more. `moved`: the person is there already. Success is told by `voice.joined`. */
export type RejoinAnswer = { kind: 'link'; web: string; app: string } | { kind: 'moved' };
