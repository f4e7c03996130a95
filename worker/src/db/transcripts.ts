/** Who got links to transcripts. */
import { ulid } from 'ulid';
import type { Db } from './db.ts';
import { transcriptAudit } from './schema.ts';

/** Writes down that somebody got links: a row for each object. */
export async function auditTranscript(
  db: Db,
  entry: { sessionId: string; guildId: string; actorId: string; keys: readonly string[]; at: number },
): Promise<void> {
  const { keys, ...rest } = entry;
  const [first, ...others] = keys.map((key) => db.insert(transcriptAudit).values({ id: ulid(entry.at), key, ...rest }));
  if (first) await db.batch([first, ...others]);
}
