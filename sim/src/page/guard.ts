/** The page can do everything to the simulated world, so that no web site that the developer visits may use it. */
import type { IncomingHttpHeaders } from 'node:http';

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Why a request is refused, or undefined when it may pass. A name other than a loopback one in `Host` is DNS rebinding;
 * an `Origin` (or, where browsers send none, `Sec-Fetch-Site`) of elsewhere is another web site.
 */
export function refusalOf(headers: Pick<IncomingHttpHeaders, 'host' | 'origin'> & { site?: string | undefined }) {
  const { host, origin, site } = headers;
  const address = host === undefined ? undefined : URL.parse(`http://${host}`);
  if (!address || !loopback.test(address.hostname))
    return 'the page answers only under a loopback name; open it as http://127.0.0.1 or http://localhost';
  if (origin !== undefined && origin !== address.origin)
    return 'this request comes from another site; use the page itself, or the control port from a program';
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return 'this request comes from another site; open the page by its own address';
  return undefined;
}
