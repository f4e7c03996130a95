/** The control side of the S3 stand-in. */
import type { Hono } from 'hono';
import { ControlRefusal, controlRoute } from '../stand-in/control-route.ts';
import { s3Operations } from './control-contract.ts';
import { S3Error } from './error.ts';
import type { S3Server } from './server.ts';

/** Routes that drive `server`; `firstBucket` is meant where none is named. */
export function s3ControlApp(server: S3Server, firstBucket: string): Hono {
  return controlRoute(s3Operations, {
    addFault: ({ rule }) => ({ id: server.addFault(rule) }),
    removeFault: ({ id }) => ({ removed: server.removeFault(id) }),
    clearFaults: () => {
      server.clearFaults();
      return {};
    },
    faults: () => ({ faults: server.faults() }),
    setDown: ({ down }) => {
      server.setDown(down);
      return {};
    },
    requests: () => ({ requests: server.requests() }),
    keys: ({ bucket = firstBucket, prefix }) =>
      refusing(async () => ({ keys: (await server.keys(bucket)).filter((key) => key.startsWith(prefix)) })),
    read: ({ bucket = firstBucket, key }) =>
      refusing(async () => {
        const { data, etag, contentType, metadata } = await server.read(bucket, key);
        return { data: data.toString('base64'), etag, contentType, metadata };
      }),
    clear: ({ bucket = firstBucket }) =>
      refusing(async () => {
        await server.clear(bucket);
        return {};
      }),
  });
}

/** What S3 refuses, refused with the same code. */
async function refusing<Value>(action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof S3Error) throw new ControlRefusal(error.code, error.message);
    throw error;
  }
}
