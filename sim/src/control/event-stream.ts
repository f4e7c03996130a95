import { type ControlEvent, eventSchema } from './contract.ts';

/** Reads the control server's server-sent events. */
export class EventStream {
  readonly #url: string;
  constructor(url: string) {
    this.#url = url;
  }

  /** Every event after `since`; ends when `signal` aborts. */
  async *from(since: number, signal: AbortSignal): AsyncGenerator<ControlEvent> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      const response = await fetch(`${this.#url}/events?since=${since}`, { signal: either });
      if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`);
      let text = '';
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        text += part;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const event = parseBlock(block);
          if (event) yield event;
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop.abort();
    }
  }
}

/** One block of `field: value` lines; undefined for those that carry no event of the log. */
function parseBlock(block: string): ControlEvent | undefined {
  const fields = new Map(block.split('\n').map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 2)]));
  const data = fields.get('data');
  return fields.has('id') && data !== undefined ? eventSchema.parse(JSON.parse(data)) : undefined;
}
