import { Hono } from 'hono';
import type { RestParts } from './context.ts';

/** The files of messages, at the addresses that the messages give. No token: whoever knows the address may have it. */
export function cdnRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  app.get('/attachments/:channel/:attachment/:name', (context) => {
    const file = world.attachments.file(context.req.path);
    if (!file) return context.text('This content is no longer available.', 404);
    return context.body(new Uint8Array(file.bytes), 200, { 'content-type': file.contentType });
  });
  return app;
}
