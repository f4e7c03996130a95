import { Hono } from 'hono';
import { contentSecurityPolicy, indexPage, moduleFile, pageFile } from './assets.ts';
import { refusalOf } from './guard.ts';

/** Is this path the page's, on the port that it shares with REST and the gateway? */
export function isPagePath(path: string): boolean {
  return path === '/' || path === '/page' || path.startsWith('/page/');
}

/**
 * The page (`/`), its files (`/page/files/…`, `/page/modules/…`) and, for it alone, the control server under `/page`:
 * `POST /page/control/<operation>`, `GET /page/events`.
 */
export function pageApp(control: Hono): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const refusal = refusalOf({
      host: context.req.header('host'),
      origin: context.req.header('origin'),
      // Somebody may follow a link from elsewhere to the page itself: it shows, and does nothing by that.
      site: context.req.path === '/' ? undefined : context.req.header('sec-fetch-site'),
    });
    if (refusal !== undefined) return context.json({ code: 'foreign_origin', message: refusal }, 403);
    await next();
    context.header('cache-control', 'no-cache');
    context.header('x-content-type-options', 'nosniff');
    context.header('content-security-policy', contentSecurityPolicy);
    return undefined;
  });
  app.get('/', async (context) => context.html(await indexPage()));
  app.get('/page', (context) => context.redirect('/'));
  app.get('/page/files/:path{.+}', async (context) => {
    const file = await pageFile(context.req.param('path'));
    return file ? context.body(file.body, 200, { 'content-type': file.type }) : context.notFound();
  });
  app.get('/page/modules/:name{.+\\.js}', async (context) => {
    const file = await moduleFile(context.req.param('name').slice(0, -'.js'.length));
    return file ? context.body(file.body, 200, { 'content-type': file.type }) : context.notFound();
  });
  app.mount('/page', control.fetch);
  app.notFound((context) => context.json({ code: 'not_found', message: 'the page is at /' }, 404));
  return app;
}
