/** Which pages may call: the own ones, and those of `ALLOWED_ORIGINS`. Pure. */
import { z } from 'zod';

/** `ALLOWED_ORIGINS`: such as `https://game.example,https://staging.game.example`. Exact origins, no patterns. */
export const originsSchema = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .pipe(
    z.array(
      z
        .url('must be origins, such as https://game.example')
        .refine(
          (text) => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text),
          'must be origins: scheme, host and port, nothing behind them',
        ),
    ),
  );

/**
 * Is this the page that the Worker itself serves? Hosts are compared, not schemes: behind a tunnel that ends TLS the Worker sees
 * http where the browser sees https.
 */
export function isOwnOrigin(origin: string, requestUrl: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(requestUrl).host;
}

/**
 * May a request with these headers change something by its cookie alone? Browsers name the origin of every POST; what has none is no
 * browser, and has nobody's cookie.
 */
export function isSameOrigin(headers: Headers, requestUrl: string): boolean {
  const origin = headers.get('origin');
  if (origin !== null) return isOwnOrigin(origin, requestUrl);
  return (headers.get('sec-fetch-site') ?? 'same-origin') === 'same-origin';
}
