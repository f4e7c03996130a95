import { transcriptStored } from './captions.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { RecordingReport } from './record.ts';
import { sealReported } from './seals.ts';

/** Takes in what the node says of recordings and reports; each may come twice, and after the end. */
export function recordingReported(life: Lifecycle, events: readonly RecordingReport[]): void {
  const { store } = life;
  for (const event of events) {
    const record = store.record();
    if (!record) return;
    if (event.type === 'report.sealed' || event.type === 'report.failed') {
      sealReported(life, event);
      continue;
    }
    if (event.type === 'transcript.stored') {
      transcriptStored(life, event);
      continue;
    }
    if (event.type === 'recording.failed') {
      console.error(`session ${record.id}: recording failed with ${event.code}: ${event.message}`);
    }
    if (event.type === 'recording.chunk.stored') store.putChunk(event);
    if (event.type === 'recording.fragment.stored' || event.type === 'recording.master.stored')
      store.putDeliverable(event);
    life.commit({ ...record, recordingStarted: record.recordingStarted || event.type === 'recording.started' });
  }
}
