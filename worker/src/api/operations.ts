import { errorBody } from '@patchbay/shared/errors';
import { Hono } from 'hono';
import { type Env, fleetOf, metricsOf, settingsOf } from '../env.ts';
import { flush } from '../metrics/flush.ts';
import { metricsText } from '../metrics/names.ts';
import { exposition } from '../metrics/registry.ts';

/** Health and metrics. */
export const operationsRoutes = new Hono<{ Bindings: Env }>();

operationsRoutes.get('/healthz', (context) => {
  settingsOf(context.env);
  return context.json({ ok: true });
});

operationsRoutes.get('/metrics', async (context) => {
  const expected = settingsOf(context.env).METRICS_TOKEN;
  if (!expected || context.req.header('authorization') !== `Bearer ${expected}`) {
    return context.json(errorBody('metrics_refused', 'Set METRICS_TOKEN and send it: Authorization: Bearer ….'), 401);
  }
  await flush();
  const [{ nodes, sessions, legs }, { open, counts }] = await Promise.all([
    fleetOf(context.env).stats(),
    metricsOf(context.env).read(),
  ]);
  const gauges = { nodes, sessions, legs, hub_connections: open };
  return context.text(metricsText(gauges, counts) + exposition(counts));
});
